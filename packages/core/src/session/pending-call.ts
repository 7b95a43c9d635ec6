/** A call that this side has opened, until it is settled: with its answer, or with an error. */
import type { MyelinError } from "../errors.ts";
import { type Abortable, unwatchAbort, watchAbort } from "./abort-watch.ts";
import type { CallPlace } from "./call-place.ts";
import type { Deadline } from "./deadlines.ts";
import type { ItemReceiver } from "./item-receiver.ts";
import type { ItemSender } from "./item-sender.ts";

/** Who opened it, and can take it back. */
export interface CallOwner {
  /** The caller's signal aborted, or its time is over. */
  cancel(call: PendingCall, reason: unknown, isDeadline: boolean): void;
}

export interface PendingCallOptions {
  readonly id: number;
  readonly name: string;
  readonly owner: CallOwner;
  /** Hears the answer. */
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: MyelinError) => void;
  readonly signal: AbortSignal | undefined;
}

export class PendingCall implements Deadline, Abortable {
  readonly id: number;
  readonly name: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: MyelinError) => void;
  /** Items that the handler yields. */
  output: ItemReceiver | undefined;
  /** Items for the handler. */
  input: ItemSender | undefined;
  /** Where it waits to be sent, or went from. */
  place: CallPlace | undefined;
  timeoutMs = 0;
  dueAt = 0;
  previous: Deadline | undefined;
  next: Deadline | undefined;
  list: Deadline["list"];
  readonly #owner: CallOwner;
  readonly #signal: AbortSignal | undefined;

  constructor({ id, name, owner, resolve, reject, signal }: PendingCallOptions) {
    this.id = id;
    this.name = name;
    this.resolve = resolve;
    this.reject = reject;
    this.#owner = owner;
    this.#signal = signal;
    if (signal !== undefined) watchAbort(signal, this);
  }

  expire(): void {
    this.#owner.cancel(this, undefined, true);
  }

  aborted(reason: unknown): void {
    this.#owner.cancel(this, reason, false);
  }

  /** It is settled: nothing is waited for any more. */
  release(): void {
    if (this.#signal !== undefined) unwatchAbort(this.#signal, this);
    this.input?.stop();
  }
}
