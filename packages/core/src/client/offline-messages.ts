/**
 * What a client is given to send while it has no session: kept, dropped or refused, as its policy
 * says. What is kept was encoded when it was accepted.
 */
import type { Clock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import type { Conversation } from "../session/conversation.ts";
import { type DataCodecs, type Encoded, encodedLength, ownCopy } from "../session/data-codecs.ts";
import { OfflineQueue } from "../session/offline-queue.ts";
import type { CallOpening } from "../session/peer-calls.ts";

export interface OfflineSettings {
  readonly policy: "queue" | "drop" | "reject";
  readonly maxBytes: number;
  readonly maxMessages: number;
}

export interface OfflineMessagesOptions {
  readonly clock: Clock;
  readonly settings: OfflineSettings;
  /** Encodes for a server whose own limits are not known yet. */
  readonly codecs: DataCodecs;
  readonly highWaterMarkBytes: number;
  readonly onDropped: (events: number, bytes: number) => void;
}

/** What a message that waits counts for, beside its data. */
const waitingBytes = 64;

export class OfflineMessages {
  readonly #options: OfflineMessagesOptions;
  readonly #queue: OfflineQueue<Conversation>;

  constructor(options: OfflineMessagesOptions) {
    this.#options = options;
    this.#queue = new OfflineQueue(options.clock, options.settings);
  }

  /** Messages that wait. */
  get size(): number {
    return this.#queue.size;
  }

  /** Less waits than the high-water mark allows. */
  get hasRoom(): boolean {
    return this.#queue.bytes < this.#options.highWaterMarkBytes;
  }

  /**
   * Takes an event.
   * @param encode gives its data, if it is kept
   * @throws {MyelinError} `ERR_NOT_CONNECTED`, `ERR_QUEUE_FULL`, and what `encode` throws
   */
  send(name: string, encode: () => Encoded): void {
    const { onDropped, settings } = this.#options;
    if (settings.policy === "reject") throw notConnected();
    const encoded = ownCopy(encode());
    if (settings.policy === "drop") {
      onDropped(1, 0);
      return;
    }
    const bytes = waitingBytes + encodedLength(encoded);
    this.#queue.add({
      bytes,
      run: (session) => {
        try {
          session.encodedEvent(name, encoded);
        } catch {
          // It does not fit into what this server takes, and nobody else can be told.
          onDropped(1, bytes);
        }
      },
      fail: () => {},
      timeoutMs: 0,
      signal: undefined,
    });
  }

  /** Takes a call. @throws {MyelinError} as {@link send} */
  open({ request, onOpen, reject, resolve }: CallOpening): void {
    const { clock, codecs, settings } = this.#options;
    if (settings.policy !== "queue") throw notConnected();
    const encoded = ownCopy(codecs.encode(request.data, request.codec));
    const since = clock.now();
    this.#queue.add({
      bytes: waitingBytes + encodedLength(encoded),
      run: (session) => {
        const { timeoutMs } = request;
        const left = timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - (clock.now() - since));
        const ready = { ...request, encoded, timeoutMs: Math.ceil(left) };
        onOpen(session.open(ready, resolve, reject));
      },
      fail: reject,
      timeoutMs: request.timeoutMs,
      signal: request.signal,
    });
  }

  /** There is a session: everything leaves, in order. */
  flush(session: Conversation): void {
    this.#queue.flush(session);
  }

  /** There will be none. */
  failAll(reason: MyelinError): void {
    const { code, message } = reason;
    this.#queue.failAll(new MyelinError(code, message, { cause: reason, ran: "no" }));
  }
}

function notConnected(): MyelinError {
  return new MyelinError("ERR_NOT_CONNECTED", "there is no connection to the server", {
    ran: "no",
  });
}
