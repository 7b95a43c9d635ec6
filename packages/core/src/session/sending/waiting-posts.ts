/**
 * Events whose sender waits until there is room for them, first come, first served. Each was encoded
 * when it was given: what becomes of the data afterwards changes nothing.
 */
import { MyelinError } from "../../errors.ts";
import type { Account } from "../account.ts";
import { type Encoded, encodedLength } from "../messages/data-codecs.ts";
import { frameCost, promiseCost } from "../wire.ts";

export interface WaitingPostsOptions {
  /** There is room for one more. */
  readonly hasRoom: () => boolean;
  /** Sends an event. What it throws is told to whoever waits. */
  readonly send: (event: PostedEvent) => void;
  /** What waits is told to the budget of its endpoint, which bounds it. */
  readonly account: Account;
}

/** An event, encoded. */
export interface PostedEvent {
  readonly name: string;
  readonly encoded: Encoded;
  /** What goes into its head. */
  readonly headers: Buffer | undefined;
}

interface Post extends PostedEvent {
  /** What it takes of memory, roughly. */
  readonly bytes: number;
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
  #bytes = 0;

  constructor(options: WaitingPostsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#posts.size === 0;
  }

  /** @throws {MyelinError} `ERR_QUEUE_FULL` when too much waits already */
  add(event: PostedEvent): WaitingPost {
    const { account } = this.#options;
    const bytes = costOf(event);
    // The first may be larger than all that is left, or a large one never could.
    const mayOverdraw = this.isEmpty && account.hasLeft;
    if (!mayOverdraw && this.#bytes + bytes > account.queueBytes) {
      const waiting = `${this.#posts.size} posts (${this.#bytes} bytes) wait for room`;
      const message = `no room for a post of ${bytes} bytes: ${waiting}`;
      throw new MyelinError("ERR_QUEUE_FULL", message);
    }
    let post!: Post;
    const accepted = new Promise<void>((resolve, reject) => {
      post = { ...event, bytes, resolve, reject };
      this.#posts.add(post);
      this.#count(bytes);
    });
    return { accepted, withdraw: () => this.#remove(post) };
  }

  /** There may be room again. */
  pump(): void {
    const { hasRoom, send } = this.#options;
    for (const post of this.#posts) {
      if (!hasRoom()) return;
      this.#remove(post);
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
      this.#remove(post);
      post.reject(error);
    }
  }

  #remove(post: Post): void {
    if (this.#posts.delete(post)) this.#count(-post.bytes);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#options.account.tell(this.#bytes, this.#bytes);
  }
}

function costOf({ encoded, headers }: PostedEvent): number {
  return frameCost + promiseCost + encodedLength(encoded) + (headers?.length ?? 0);
}
