/**
 * A call for which the peer's window has no room, with its input as JSON: it joins a batch when there is
 * some. By itself until then, so that it can be taken back, and does not keep events from being dropped.
 */
import { BatchPlace, type CallPlace } from "../calls/call-place.ts";
import type { UnsentCall } from "../messages/unsent-message.ts";
import { frameCost } from "../wire.ts";
import type { Batch } from "./batch.ts";
import { type CallToOpen, headCost } from "./message-frames.ts";

export class WaitingCall implements CallPlace {
  readonly kind = "call";
  readonly serial: number;
  /** Where it waits. */
  queue: object | undefined;
  readonly #call: CallToOpen;
  #json: string | undefined;
  readonly #withdraw: (call: WaitingCall) => void;
  #place: BatchPlace | undefined;
  #whenLeft: (() => void)[] | undefined;

  /** @param withdraw takes it out of where it waits */
  constructor(
    call: CallToOpen,
    json: string | undefined,
    serial: number,
    withdraw: (call: WaitingCall) => void,
  ) {
    this.serial = serial;
    this.#call = call;
    this.#json = json;
    this.#withdraw = withdraw;
  }

  /** Units of its input. */
  get bytes(): number {
    return this.#json?.length ?? 0;
  }

  /** What it takes as long as it waits. */
  get size(): number {
    return this.bytes + headCost(this.#call.head) + frameCost;
  }

  get frameNumber(): number {
    return this.#place?.frameNumber ?? 0;
  }

  /** It gets its number, and its place in a batch. */
  join(batch: Batch): void {
    const { call, head } = this.#call;
    head.id = call.number();
    this.#place = new BatchPlace(batch, batch.call(head, this.#json));
    this.#json = undefined;
    for (const run of this.#whenLeft ?? []) batch.whenLeft(run);
    this.#whenLeft = undefined;
  }

  abandon(cancel: () => void): boolean {
    if (this.#place !== undefined) return this.#place.abandon(cancel);
    this.#withdraw(this);
    // Its place may be kept for a while.
    this.#json = undefined;
    return true;
  }

  whenLeft(run: () => void): void {
    if (this.#place !== undefined) this.#place.whenLeft(run);
    else (this.#whenLeft ??= []).push(run);
  }

  unsent(): UnsentCall {
    return { kind: "call", id: this.#call.call.id, encoded: this.#json };
  }
}
