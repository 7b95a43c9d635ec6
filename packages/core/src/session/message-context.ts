/** What a handler is told about a message beside its data. */
import type { Clock } from "../clock.ts";
import type { EntryKind } from "../contract/entry.ts";
import type { MyelinError } from "../errors.ts";
import type { TraceContext } from "../peer/handlers.ts";
import { setDeadline } from "./calls/inherited-deadline.ts";
import { readTrace } from "./messages/message-headers.ts";
import { ranCode } from "./wire.ts";

/** What may come with the data of a message. */
export interface MessageExtras {
  readonly trace: TraceContext | undefined;
  readonly bytes: readonly Uint8Array[];
}

const noBytes: readonly Uint8Array[] = Object.freeze([]);

/** What came with data; undefined, as most often, when there is nothing. @throws {MyelinError} `ERR_PROTOCOL` */
export function extrasOf(
  headers: Buffer | undefined,
  bytes: readonly Uint8Array[] | undefined,
): MessageExtras | undefined {
  if (headers === undefined && bytes === undefined) return undefined;
  return {
    trace: headers === undefined ? undefined : readTrace(headers),
    bytes: bytes ?? noBytes,
  };
}

/** `peer` is what users hold for the connection that the message came from. */
export class MessageContext<Peer> {
  readonly peer: Peer;
  readonly name: string;
  readonly kind: EntryKind;
  #controller: AbortController | undefined;
  #reason: MyelinError | undefined;
  #dueAt: number | undefined;
  #isKept = false;

  /** What came with the data: most often nothing. */
  readonly #extras: MessageExtras | undefined;

  constructor(peer: Peer, name: string, kind: EntryKind = "event", extras?: MessageExtras) {
    this.#extras = extras;
    this.peer = peer;
    this.name = name;
    this.kind = kind;
  }

  get trace(): TraceContext | undefined {
    return this.#extras?.trace;
  }

  get bytes(): readonly Uint8Array[] {
    return this.#extras?.bytes ?? noBytes;
  }

  /** Somebody has asked for its signal: it is of one message alone then. */
  get hasSignal(): boolean {
    return this.#controller !== undefined;
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

  /** @internal Whether the handler was entered, as answers say it. */
  get ran(): number {
    return this.#isKept ? ranCode.no : ranCode.yes;
  }

  /** @internal Middleware comes first, and may keep the message from its handler. */
  keep(): void {
    this.#isKept = true;
  }

  /** @internal It did not. */
  enter(): void {
    this.#isKept = false;
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

/** The same message with its data: what middleware is given. */
export class IncomingMessage<Peer> {
  readonly peer: Peer;
  readonly name: string;
  readonly kind: EntryKind;
  readonly data: unknown;
  readonly #context: MessageContext<Peer>;

  constructor(context: MessageContext<Peer>, data: unknown) {
    this.peer = context.peer;
    this.name = context.name;
    this.kind = context.kind;
    this.data = data;
    this.#context = context;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  get trace(): TraceContext | undefined {
    return this.#context.trace;
  }

  get bytes(): readonly Uint8Array[] {
    return this.#context.bytes;
  }
}
