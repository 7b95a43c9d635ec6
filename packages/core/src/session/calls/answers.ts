/** Writes what becomes of the peer's calls: answers, what handlers threw, and refusals. */
import { isMyelinError } from "../../errors.ts";
import type { DataCodecs, Encoded } from "../messages/data-codecs.ts";
import { EntryWriter } from "../messages/entry-writer.ts";
import type { Outbox } from "../sending/outbox.ts";
import { endIterator } from "../streams/items.ts";
import { isSendingTapped, tellHandlerFailed, tellPayload, tellRefused, tellSent } from "../taps.ts";
import { payload, ranCode } from "../wire.ts";
import { fittedError } from "./fitted-error.ts";
import { nothingToIterate, type Refusal, refusalData, refusalError, refusals } from "./refusal.ts";
import { type EncodeErrorOptions, encodeRemoteError } from "./remote-error.ts";
import type { RunningCall } from "./running-call.ts";

export interface AnswersOptions<Peer> {
  readonly peer: Peer;
  readonly outbox: Outbox;
  readonly codecs: DataCodecs;
  readonly errors: EncodeErrorOptions;
  /** Whether an answer with this data may wait for the peer. */
  readonly admitsAnswer: (encoded: Encoded) => boolean;
}

/** The code of an error entry, and its payload. */
export interface Failure {
  readonly number: number;
  readonly json: string | undefined;
}

export class Answers<Peer> {
  readonly #options: AnswersOptions<Peer>;

  constructor(options: AnswersOptions<Peer>) {
    this.#options = options;
  }

  answer({ context, id, handler }: RunningCall<Peer>, value: unknown): void {
    const { admitsAnswer, codecs, outbox, peer } = this.#options;
    try {
      const encoded = codecs.encode(value, handler.codec);
      if (!admitsAnswer(encoded)) {
        this.refuse(id, context.name, refusals.noRoom, context.ran);
        return;
      }
      if (isSendingTapped()) {
        tellSent(peer, "answer", context.name, encoded);
        tellPayload(peer, "answer", context.name, value);
      }
      if (encoded === undefined || typeof encoded === "string") {
        outbox.result(id, encoded);
        return;
      }
      const entry = new EntryWriter();
      entry.result(id, payload.coded);
      outbox.message({ entry, kind: "other", ...encoded });
    } catch (reason) {
      tellHandlerFailed(peer, context.name, reason);
      this.#refuse(id, unsendable(reason), context.ran, reason);
    }
  }

  /** The handler streams, and the caller wants one answer; JSON would make `{}` of it. */
  refuseIterator(
    { context, id }: RunningCall<Peer>,
    iterator: Iterator<unknown> | AsyncIterator<unknown>,
  ): void {
    this.refuse(id, context.name, refusals.otherType, context.ran);
    void endIterator(iterator);
  }

  /** The caller streams, and the handler gives one answer; where no contract says what it is to give. */
  refuseAnswer(call: RunningCall<Peer>): void {
    const { context, handler, id } = call;
    if (handler.type !== undefined) this.fail(call, nothingToIterate(context.name));
    else this.refuse(id, context.name, refusals.otherType, context.ran);
  }

  fail(call: RunningCall<Peer>, reason: unknown): void {
    const { number, json } = this.failureOf(call, reason);
    this.#error(call.id, number, call.context.ran, json);
  }

  /** A long one is a message of its own, as a long answer is. */
  #error(id: number, number: number, ran: number, json: string | undefined): void {
    const { admitsAnswer, codecs, outbox } = this.#options;
    const encoded = codecs.fit(json);
    if (encoded === undefined || typeof encoded === "string") {
      outbox.error(id, number, ran, encoded);
      return;
    }
    if (!admitsAnswer(encoded)) {
      outbox.error(id, refusals.noRoom.number, ran, undefined);
      return;
    }
    const entry = new EntryWriter();
    entry.error(id, number, ran, payload.coded);
    outbox.message({ entry, kind: "other", ...encoded });
  }

  /** What a handler threw. One that passes on why an item was refused has not failed itself. */
  failureOf(call: RunningCall<Peer>, reason: unknown): Failure {
    const { errors, outbox, peer } = this.#options;
    const { maxErrorBytes } = outbox.sizes;
    tellHandlerFailed(peer, call.context.name, reason);
    if (reason !== undefined && reason === call.refused) {
      return refusedWith(refusals.invalidData, reason, maxErrorBytes);
    }
    return { number: 0, json: fittedError(encodeRemoteError(reason, errors), maxErrorBytes) };
  }

  /** Why an item of what the handler yields is not sent. */
  unsendableItem({ context }: RunningCall<Peer>, reason: unknown): Failure {
    const { outbox, peer } = this.#options;
    const why = unsendable(reason);
    if (why === refusals.noRoom) {
      tellRefused(peer, context.name, () =>
        refusalError(why.number, context.ran, context.name, undefined),
      );
      return { number: why.number, json: undefined };
    }
    tellHandlerFailed(peer, context.name, reason);
    return refusedWith(why, reason, outbox.sizes.maxErrorBytes);
  }

  /** The library's own answer to a call of this name. */
  refuse(
    id: number,
    name: string,
    refusal: Refusal,
    ran: number = ranCode.no,
    reason?: unknown,
  ): void {
    const message = isMyelinError(reason) ? reason.message : undefined;
    tellRefused(this.#options.peer, name, () => refusalError(refusal.number, ran, name, message));
    this.#refuse(id, refusal, ran, reason);
  }

  #refuse(id: number, { number }: Refusal, ran: number, reason: unknown): void {
    this.#error(id, number, ran, refusalData(reason, this.#options.outbox.sizes.maxErrorBytes));
  }
}

function refusedWith({ number }: Refusal, reason: unknown, maxErrorBytes: number): Failure {
  return { number, json: refusalData(reason, maxErrorBytes) };
}

/** Why an answer, or an item of one, could not be written, or may not wait. */
function unsendable(reason: unknown): Refusal {
  const code = isMyelinError(reason) ? reason.code : undefined;
  if (code === "ERR_BUSY") return refusals.noRoom;
  return code === "ERR_TOO_LARGE" ? refusals.tooLarge : refusals.notSerializable;
}
