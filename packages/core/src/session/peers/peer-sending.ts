/** Events on their way to a peer: at once, or when there is room. */
import { abortedError } from "../../abort-watch.ts";
import type { MyelinError } from "../../errors.ts";
import type { PostOptions, SendOptions } from "../../peer/call-options.ts";
import type { Conversation } from "../conversation.ts";
import type { Endpoint } from "../endpoint.ts";
import { type Encoded, ownCopy } from "../messages/data-codecs.ts";
import { checkName } from "../messages/name-table.ts";
import { WaitingPosts } from "../sending/waiting-posts.ts";
import { closedError } from "../session-end.ts";
import { isSendingTapped, tellPayload } from "../taps.ts";
import { bounded } from "./bounded.ts";
import { checkMethodOptions, checkWait } from "./peer-arguments.ts";
import type { ProcessHold } from "./process-hold.ts";

export interface PeerSendingOptions<Peer> {
  readonly endpoint: Endpoint<Peer>;
  readonly peer: Peer;
  readonly hold: ProcessHold;
  /** The session that takes what is sent now. */
  readonly accepting: () => Conversation | undefined;
  /** There is none: takes the event for later, or throws. */
  readonly sendLater: (name: string, encode: () => Encoded, headers: Buffer | undefined) => void;
  /** What may be sent later has room for more. */
  readonly hasRoomLater: () => boolean;
  readonly isClosed: () => boolean;
  /** There is room, and somebody was told that there was none. */
  readonly onDrain: () => void;
}

export const noOptions: SendOptions = Object.freeze({});

export class PeerSending<Peer> {
  /** How often the high-water mark was passed. */
  slow = 0;
  readonly #options: PeerSendingOptions<Peer>;
  readonly #posts: WaitingPosts;
  /** It was, and there was no room since. */
  #isFull = false;
  /** `send` returned false, and nobody was told of room since. */
  #owesDrain = false;

  constructor(options: PeerSendingOptions<Peer>) {
    const { accepting, endpoint, sendLater } = options;
    this.#options = options;
    this.#posts = new WaitingPosts({
      account: endpoint.budget.open(),
      hasRoom: () => this.#hasRoom(),
      send({ encoded, headers, name }) {
        const session = accepting();
        if (session === undefined) sendLater(name, () => encoded, headers);
        else session.encodedEvent(name, encoded, headers);
      },
    });
  }

  send(name: string, data: unknown, options: SendOptions): boolean {
    const { accepting, endpoint, hasRoomLater, peer, sendLater } = this.#options;
    if (options !== noOptions) checkMethodOptions("send", options);
    const codec = endpoint.outgoing(name, "event")?.codec;
    const headers = endpoint.headers();
    if (isSendingTapped()) tellPayload(peer, "event", name, data);
    const session = accepting();
    let hasRoom: boolean;
    if (session === undefined) {
      sendLater(name, () => endpoint.anyCodecs.encode(data, codec, options), headers);
      hasRoom = hasRoomLater();
    } else {
      hasRoom = session.event(name, data, codec, options, headers);
    }
    if (!hasRoom) {
      this.full();
      this.#owesDrain = true;
    }
    return hasRoom;
  }

  async post(name: string, data: unknown, options: PostOptions): Promise<void> {
    checkWait("post", options);
    if (options.signal?.aborted === true) throw abortedError("post", options.signal.reason);
    if (this.#posts.isEmpty && this.#hasRoom()) {
      const { bytes, copy } = options;
      this.send(name, data, options === noOptions ? noOptions : { bytes, copy });
      return;
    }
    const { accepting, endpoint, hold, isClosed, peer } = this.#options;
    if (isClosed()) throw closedError();
    checkName(name);
    const codec = endpoint.outgoing(name, "event")?.codec;
    const encoded = ownCopy(endpoint.anyCodecs.encode(data, codec, options));
    if (isSendingTapped()) tellPayload(peer, "event", name, data);
    const post = this.#posts.add({ name, encoded, headers: endpoint.headers() });
    accepting()?.awaitRoom();
    await hold.during(bounded(post.accepted, "post", options, endpoint.clock, post.withdraw));
  }

  /** What waits is above the high-water mark: counted once, until there is room again. */
  full(): void {
    if (!this.#isFull) this.slow += 1;
    this.#isFull = true;
  }

  /** There is room, at least for the first of those who wait for it. */
  roomAgain(): void {
    this.#posts.pump();
    if (!this.#posts.isEmpty || !this.#hasRoom()) {
      this.#options.accepting()?.awaitRoom();
      return;
    }
    this.#isFull = false;
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    this.#options.onDrain();
  }

  /** Nobody sends any more. */
  failAll(error: MyelinError): void {
    this.#posts.failAll(error);
  }

  #hasRoom(): boolean {
    const { accepting, hasRoomLater } = this.#options;
    return accepting()?.hasRoom ?? hasRoomLater();
  }
}
