/**
 * Events whose sender waits until there is room for them, first come, first served. Each was encoded
 * when it was given: what becomes of the data afterwards changes nothing.
 */
import type { MyelinError } from "../errors.ts";
import type { Encoded } from "./data-codecs.ts";

export interface WaitingPostsOptions {
  /** There is room for one more. */
  readonly hasRoom: () => boolean;
  /** Sends an event. What it throws is told to whoever waits. */
  readonly send: (event: PostedEvent) => void;
}

/** An event, encoded. */
export interface PostedEvent {
  readonly name: string;
  readonly encoded: Encoded;
  /** What goes into its head. */
  readonly headers: Buffer | undefined;
}

interface Post extends PostedEvent {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** One that waits, to be taken back. */
export interface WaitingPost {
  readonly accepted: Promise<void>;
  /** It is not sent any more. */
  readonly withdraw: () => void;
}

export class WaitingPosts {
  readonly #options: WaitingPostsOptions;
  // A Set keeps the order and gives up any of its members at once.
  readonly #posts = new Set<Post>();

  constructor(options: WaitingPostsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#posts.size === 0;
  }

  add(event: PostedEvent): WaitingPost {
    let post!: Post;
    const accepted = new Promise<void>((resolve, reject) => {
      post = { ...event, resolve, reject };
      this.#posts.add(post);
    });
    return { accepted, withdraw: () => void this.#posts.delete(post) };
  }

  /** There may be room again. */
  pump(): void {
    const { hasRoom, send } = this.#options;
    for (const post of this.#posts) {
      if (!hasRoom()) return;
      this.#posts.delete(post);
      try {
        send(post);
        post.resolve();
      } catch (reason) {
        post.reject(reason);
      }
    }
  }

  failAll(error: MyelinError): void {
    for (const post of this.#posts) {
      this.#posts.delete(post);
      post.reject(error);
    }
  }
}
