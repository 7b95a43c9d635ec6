/** What a handler is told about a message beside its data. */
import type { Clock } from "../clock.ts";
import type { EntryKind } from "../contract/entry.ts";
import type { MyelinError } from "../errors.ts";
import { setDeadline } from "./inherited-deadline.ts";

/** `peer` is what users hold for the connection that the message came from. */
export class MessageContext<Peer> {
  readonly peer: Peer;
  readonly name: string;
  readonly kind: EntryKind;
  #controller: AbortController | undefined;
  #reason: MyelinError | undefined;
  #dueAt: number | undefined;

  constructor(peer: Peer, name: string, kind: EntryKind = "event") {
    this.peer = peer;
    this.name = name;
    this.kind = kind;
  }

  /** Aborts when the answer is no longer wanted. Made on first use: most handlers never ask. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#dueAt !== undefined) setDeadline(this.#controller.signal, this.#dueAt);
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** The same message, with its data: what middleware is given. @internal */
  withData(data: unknown): object {
    return Object.create(this, { data: { value: data, enumerable: true } }) as object;
  }

  /** @internal */
  limit(clock: Clock, timeoutMs: number): void {
    this.#dueAt = clock.now() + timeoutMs;
  }

  /** @internal */
  abort(reason: MyelinError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
