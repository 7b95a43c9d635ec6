/** Runs the handlers of the calls that the peer opens, and answers. */
import type { Clock } from "../../clock.ts";
import type { MyelinError } from "../../errors.ts";
import { promiseOf } from "../../promise-of.ts";
import type { CallHandler, Handlers } from "../handlers.ts";
import { MessageContext, type MessageExtras } from "../message-context.ts";
import type { DataCodecs } from "../messages/data-codecs.ts";
import type { Entry } from "../messages/entry-reader.ts";
import type { EventDispatch } from "../receiving/dispatch.ts";
import type { Receipt } from "../receiving/receive-window.ts";
import { type Batch, sealedBatch } from "../sending/batch.ts";
import type { Outbox } from "../sending/outbox.ts";
import type { InboundItems } from "../streams/inbound-items.ts";
import { ItemReceiver } from "../streams/item-receiver.ts";
import { ItemSender, type Last } from "../streams/item-sender.ts";
import { encodeItem, isItemSource, isIterator } from "../streams/items.ts";
import { isReceivingTapped, isSendingTapped, tellItem, tellReceived } from "../taps.ts";
import { type CallType, callType, givesItems, kindOfType, ranCode } from "../wire.ts";
import { Answers, type AnswersOptions, type Failure } from "./answers.ts";
import type { Deadlines } from "./deadlines.ts";
import { RecentIds } from "./recent-ids.ts";
import { type Refusal, refusals } from "./refusal.ts";
import type { EncodeErrorOptions } from "./remote-error.ts";
import { RunningCall } from "./running-call.ts";
import { SeenIds } from "./seen-ids.ts";

export interface ServingOptions<Peer> {
  readonly peer: Peer;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly codecs: DataCodecs;
  readonly deadlines: Deadlines;
  /** Its listeners run beside the handlers, and are told like them when the session is over. */
  readonly events: EventDispatch<Peer>;
  /** Of the streams that this side consumes. */
  readonly items: InboundItems;
  readonly handlers: Handlers<MessageContext<Peer>>;
  readonly maxInboundCalls: number;
  readonly cancelGraceMs: number;
  /** The peer's calls have odd numbers, or even ones. */
  readonly firstId: 1 | 2;
  readonly errors: EncodeErrorOptions;
  readonly admitsAnswer: AnswersOptions<Peer>["admitsAnswer"];
}

/** Measured with 120,000 handlers that were at work at once, and rounded up. */
const callCost = 1024;
const streamCost = 2048;

export class Serving<Peer> {
  readonly #options: ServingOptions<Peer>;
  readonly #running = new Map<number, RunningCall<Peer>>();
  readonly #seen: SeenIds;
  readonly #answers: Answers<Peer>;
  /** Cancels of calls that have not arrived. */
  readonly #cancelled: RecentIds;
  /** Those of the running that send or receive items. */
  #streams = 0;
  #draining = false;

  constructor(options: ServingOptions<Peer>) {
    this.#options = options;
    this.#seen = new SeenIds(options.firstId);
    this.#cancelled = new RecentIds(options.maxInboundCalls);
    this.#answers = new Answers(options);
  }

  /** Handlers that have not settled. */
  get running(): number {
    return this.#running.size;
  }

  /** What they take of the memory, roughly: they are promises, contexts and, of streams, queues. */
  get handedBytes(): number {
    return this.#running.size * callCost + this.#streams * streamCost;
  }

  /** The peer has opened this call, now or earlier. */
  hasSeen(id: number): boolean {
    return this.#seen.has(id);
  }

  get(id: number): RunningCall<Peer> | undefined {
    return this.#running.get(id);
  }

  /** A call was opened. */
  open(entry: Entry, data: unknown, receipt: Receipt | undefined, extras?: MessageExtras): void {
    const { handlers, maxInboundCalls, peer } = this.#options;
    const kind = kindOfType[entry.detail as CallType];
    if (isReceivingTapped()) tellReceived(peer, kind, entry.name, data);
    this.#seen.add(entry.id);
    if (this.#cancelled.delete(entry.id) || entry.abandoned) {
      receipt?.settle();
      return;
    }
    const handler = handlers.call(entry.name);
    const refusal = this.#refusalOf(entry, handler, maxInboundCalls);
    if (refusal !== undefined || handler === undefined) {
      this.#answers.refuse(entry.id, entry.name, refusal ?? refusals.noHandler);
      receipt?.settle();
      return;
    }
    const context = new MessageContext<Peer>(peer, entry.name, kind, extras);
    const call = new RunningCall(entry.id, handler, context, receipt);
    this.#running.set(entry.id, call);
    if (kind !== "call") this.#streams += 1;
    if (entry.amount > 0) this.#limit(call, entry.amount);
    this.#run(call, entry, data);
  }

  /** The caller gives up. Cancels overtake what waits: the call itself may come later. */
  cancel(id: number, reason: MyelinError): void {
    const call = this.#running.get(id);
    if (call !== undefined) {
      call.cancel(reason);
      return;
    }
    if (this.#seen.has(id)) return;
    this.#cancelled.add(id);
  }

  /** Takes no further calls. */
  drain(): void {
    this.#draining = true;
  }

  /** Nobody will read the answers. */
  cancelAll(reason: MyelinError): void {
    for (const call of this.#running.values()) call.cancel(reason);
    this.#options.events.abort(reason);
  }

  #refusalOf(
    { detail }: Entry,
    handler: CallHandler<MessageContext<Peer>> | undefined,
    maxInboundCalls: number,
  ): Refusal | undefined {
    if (this.#draining) return refusals.draining;
    if (handler === undefined) return refusals.noHandler;
    if (handler.type !== undefined && handler.type !== detail) return refusals.otherType;
    if (handler.isGenerator === true && !givesItems(detail)) return refusals.otherType;
    return this.#running.size >= maxInboundCalls ? refusals.busy : undefined;
  }

  #limit(call: RunningCall<Peer>, timeoutMs: number): void {
    call.context.limit(this.#options.clock, timeoutMs);
    this.#options.deadlines.add(call, timeoutMs);
  }

  #run(call: RunningCall<Peer>, { detail, credit }: Entry, data: unknown): void {
    const { accept, run } = call.handler;
    let input = data;
    if (detail === callType.upload || detail === callType.duplex) {
      input = this.#openInput(call);
    } else if (accept !== undefined) {
      try {
        input = accept(data);
      } catch (reason) {
        this.#finish(call, () => {
          const { context, id } = call;
          this.#answers.refuse(id, context.name, refusals.invalidData, ranCode.no, reason);
        });
        return;
      }
    }
    const isStreaming = givesItems(detail);
    const onError = (reason: unknown): void => {
      this.#finish(call, () => this.#answers.fail(call, reason));
    };
    const onValue = (value: unknown): void => {
      try {
        if (isStreaming) this.#stream(call, value, credit);
        else if (isIterator(value))
          this.#finish(call, () => this.#answers.refuseIterator(call, value));
        else this.#finish(call, () => this.#answers.answer(call, value));
      } catch (reason) {
        // A proxy that does not want to be looked at.
        onError(reason);
      }
    };
    try {
      const value = run(input, call.context);
      const promise = promiseOf(value);
      if (promise === undefined) onValue(value);
      else promise.then(onValue, onError);
    } catch (reason) {
      onError(reason);
    }
  }

  /** What the caller sends, as the handler reads it. */
  #openInput(call: RunningCall<Peer>): AsyncIterable<unknown> {
    const { items, outbox } = this.#options;
    const { control } = outbox;
    const { accept } = call.handler;
    const receiver = new ItemReceiver({
      items,
      credit: items.windowBytes,
      onCredit: (limit) => {
        control.credit(call.id, limit);
        outbox.touch();
      },
      onStop: () => {
        control.stop(call.id);
        outbox.touch();
      },
      accept: accept === undefined ? undefined : (item) => acceptedFor(call, accept, item),
    });
    call.input = receiver;
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => receiver.next(),
        return: async () => {
          receiver.stop();
          return { done: true, value: undefined };
        },
      }),
    };
  }

  #stream(call: RunningCall<Peer>, source: unknown, credit: number): void {
    if (!isItemSource(source)) {
      this.#finish(call, () => this.#answers.refuseAnswer(call));
      return;
    }
    const { codecs, outbox, peer } = this.#options;
    call.output = new ItemSender({
      id: call.id,
      outbox,
      source,
      credit,
      encode(id, value) {
        const item = encodeItem(codecs, id, value, call.handler.codec);
        if (isSendingTapped()) tellItem(peer, call.context.name, item, value);
        return item;
      },
      onEnd: () => this.#ended(call, (batch) => batch.result(call.id, undefined)),
      onFailure: (reason) => this.#failed(call, this.#answers.failureOf(call, reason)),
      onUnsendable: (reason) => this.#failed(call, this.#answers.unsendableItem(call, reason)),
      onStopped: (cleaned) => this.#finishWhen(call, cleaned),
    });
    if (call.isCancelled) call.output.stop();
    else call.output.start();
  }

  /**
   * A stream was cancelled. Its place is not free before its source is done, or streams that are opened
   * and cancelled in a loop would start any number of them; but one that never is holds it no longer
   * than `cancelGraceMs`.
   */
  #finishWhen(call: RunningCall<Peer>, cleaned: Promise<void> | undefined): void {
    if (cleaned === undefined) {
      this.#finish(call);
      return;
    }
    const { cancelGraceMs, clock } = this.#options;
    const timer = clock.setTimeout(() => this.#finish(call), cancelGraceMs);
    void cleaned.then(() => {
      clock.clearTimeout(timer);
      this.#finish(call);
    });
  }

  #failed(call: RunningCall<Peer>, { json, number }: Failure): Last {
    return this.#ended(call, (batch) => batch.error(call.id, number, call.context.ran, json));
  }

  #ended(call: RunningCall<Peer>, write: (batch: Batch) => void): Last {
    return { outgoing: sealedBatch(write), onQueued: () => this.#finish(call) };
  }

  /** The handler has settled. `answer` is not called when nobody waits for one. */
  #finish(call: RunningCall<Peer>, answer?: () => void): void {
    if (this.#running.get(call.id) !== call) return;
    this.#running.delete(call.id);
    if (call.context.kind !== "call") this.#streams -= 1;
    this.#options.deadlines.remove(call);
    call.input?.stop();
    if (!call.isCancelled) answer?.();
    call.settle();
  }
}

function acceptedFor(
  call: { refused: unknown },
  accept: (item: unknown) => unknown,
  item: unknown,
): unknown {
  try {
    return accept(item);
  } catch (reason) {
    call.refused = reason;
    throw reason;
  }
}
