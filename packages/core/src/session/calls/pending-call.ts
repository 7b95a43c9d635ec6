/** A call that this side has opened, until it is settled: with its answer, or with an error. */
import { type Abortable, unwatchAbort, watchAbort } from "../../abort-watch.ts";
import type { ItemReceiver } from "../streams/item-receiver.ts";
import type { ItemSender } from "../streams/item-sender.ts";
import type { CallOpening } from "./call-opening.ts";
import type { CallPlace } from "./call-place.ts";
import type { Deadline } from "./deadlines.ts";

/** Who opened it, and can take it back. */
export interface CallOwner {
  /** It is about to have its place among what leaves. @returns its number */
  number(call: PendingCall): number;
  /** It waits for its place, and may be taken back meanwhile. */
  await(call: PendingCall): void;
  /** The caller's signal aborted, or its time is over. */
  cancel(call: PendingCall, reason: unknown, isDeadline: boolean): void;
}

export class PendingCall implements Deadline, Abortable {
  /** Its number; below 0 as long as it waits for one, which tells it from the others that do; 0 before. */
  id = 0;
  /** The same for what outlives it. */
  numbered: { id: number } | undefined;
  readonly opening: CallOpening;
  /** Items that the handler yields. */
  output: ItemReceiver | undefined;
  /** Items for the handler. */
  input: ItemSender | undefined;
  /** Where it waits to be sent, or went from. */
  place: CallPlace | undefined;
  timeoutMs = 0;
  /** By the clock of the session. */
  openedAt = 0;
  dueAt = 0;
  previous: Deadline | undefined;
  next: Deadline | undefined;
  list: Deadline["list"];
  readonly #owner: CallOwner;

  constructor(owner: CallOwner, opening: CallOpening) {
    this.opening = opening;
    this.#owner = owner;
    const { signal } = opening.request;
    if (signal !== undefined) watchAbort(signal, this);
  }

  get name(): string {
    return this.opening.request.name;
  }

  number(): number {
    return this.#owner.number(this);
  }

  waits(): void {
    this.#owner.await(this);
  }

  expire(): void {
    this.#owner.cancel(this, undefined, true);
  }

  aborted(reason: unknown): void {
    this.#owner.cancel(this, reason, false);
  }

  /** It is settled: nothing is waited for any more. */
  release(): void {
    const { signal } = this.opening.request;
    if (signal !== undefined) unwatchAbort(signal, this);
    this.input?.stop();
  }
}
