/** Opens calls at the peer, and settles them: each exactly once, whatever happens. */
import { abortedError } from "../../abort-watch.ts";
import type { Clock } from "../../clock.ts";
import { callSettled } from "../../diagnostics.ts";
import { isMyelinError, MyelinError, textOfThrown } from "../../errors.ts";
import type { DataCodecs, Encoded } from "../messages/data-codecs.ts";
import type { Entry } from "../messages/entry-reader.ts";
import { type CallHead, EntryWriter } from "../messages/entry-writer.ts";
import type { NameTable } from "../messages/name-table.ts";
import { sealedBatch } from "../sending/batch.ts";
import type { Outbox } from "../sending/outbox.ts";
import type { InboundItems } from "../streams/inbound-items.ts";
import { ItemReceiver } from "../streams/item-receiver.ts";
import { ItemSender, type Last } from "../streams/item-sender.ts";
import { encodeItem, type ItemSource } from "../streams/items.ts";
import { isReceivingTapped, isSendingTapped, tellItem, tellReceived, tellSent } from "../taps.ts";
import { callType, entryKind, kindOfType } from "../wire.ts";
import { BrokenCalls } from "./broken-calls.ts";
import { type CallOpening, type CallRequest, forgetInput } from "./call-opening.ts";
import { MessagePlace } from "./call-place.ts";
import type { Deadlines } from "./deadlines.ts";
import { fittedError } from "./fitted-error.ts";
import { inheritDeadline } from "./inherited-deadline.ts";
import { PendingCall } from "./pending-call.ts";
import { ranOf, refusalError } from "./refusal.ts";
import { decodeRemoteError, encodeRemoteError, remoteError } from "./remote-error.ts";

export interface CallingOptions {
  /** The client's calls have odd numbers, the server's even ones. */
  readonly firstId: 1 | 2;
  /** What users hold for the session. */
  readonly peer: unknown;
  readonly clock: Clock;
  readonly names: NameTable;
  readonly outbox: Outbox;
  readonly codecs: DataCodecs;
  readonly deadlines: Deadlines;
  /** Of the streams that this side consumes. */
  readonly items: InboundItems;
  /** Bytes of an upload that the peer takes before it asks for more. */
  readonly uploadCredit: number;
  /** Throws where the input is too much beside what waits already. */
  readonly admit: (input: Encoded) => void;
  /** Throws where the session takes nothing any more. */
  readonly checkOpen: () => void;
  /** What a handler gets to end by itself when its items broke off. */
  readonly cancelGraceMs: number;
}

const cancelReason = { aborted: 0, deadline: 1 } as const;

export class Calling {
  /** Answers to calls that were settled before: too late. */
  late = 0;
  readonly #options: CallingOptions;
  readonly #pending = new Map<number, PendingCall>();
  readonly #broken: BrokenCalls;
  #nextId: number;
  /** What tells calls from one another that wait for their numbers. */
  #waitingId = 0;

  constructor(options: CallingOptions) {
    const { cancelGraceMs, clock } = options;
    this.#options = options;
    this.#broken = new BrokenCalls(clock, cancelGraceMs, (id) => {
      this.#tellCancelled(id, cancelReason.aborted);
    });
    this.#nextId = options.firstId;
  }

  get pending(): number {
    return this.#pending.size;
  }

  get(id: number): PendingCall | undefined {
    return this.#pending.get(id);
  }

  /** Whether this side numbers its calls so. */
  isOurs(id: number): boolean {
    return id % 2 === this.#options.firstId % 2;
  }

  /** Whether this side has opened the call, now or earlier. */
  hasOpened(id: number): boolean {
    return this.isOurs(id) && id < this.#nextId;
  }

  /** @throws {MyelinError} when the call cannot be made at all; it has not been accepted then. */
  open(opening: CallOpening): void {
    const { clock, codecs, deadlines, items, names, outbox } = this.#options;
    const { request } = opening;
    const { name, signal, type } = request;
    checkWanted(request);
    const since = clock.now();
    const timeoutMs = inheritDeadline(request.timeoutMs, signal, since);
    const { encoded: before } = request;
    const headers = outbox.fitHeaders(request.headers);
    const encoded =
      before === undefined
        ? codecs.encode(request.data, request.codec, request.options)
        : codecs.fit(before);
    // What was encoded may have run code of its own.
    checkWanted(request);
    forgetInput(request);
    this.#options.admit(encoded);
    if (request.isTold !== true && isSendingTapped()) {
      tellSent(this.#options.peer, kindOfType[type], name, encoded);
    }
    this.#options.checkOpen();
    const knownName = names.use(name);
    const call = new PendingCall(this, opening);
    const hasOutput = type === callType.stream || type === callType.duplex;
    const credit = hasOutput ? items.firstCredit : undefined;
    if (credit !== undefined) this.#openOutput(call, credit, request.accept);
    call.timeoutMs = timeoutMs;
    call.openedAt = since;
    if (timeoutMs > 0) deadlines.add(call, timeoutMs);
    try {
      this.#send(
        call,
        { id: 0, type, name: knownName, timeoutMs, since, credit, headers },
        encoded,
      );
    } catch (reason) {
      this.#settle(call);
      throw reason;
    }
    if (request.source !== undefined) this.#openInput(call, request.source);
    opening.onOpen(call);
  }

  /**
   * Gives up a call that has not left, so that it can be opened in another session.
   * @param encoded its input
   * @returns what is left of it; undefined when it is over already
   */
  withdraw(id: number, encoded: Encoded): CallOpening | undefined {
    const call = this.#pending.get(id);
    if (call === undefined) return undefined;
    this.#settle(call);
    const { opening } = call;
    // The list of deadlines has forgotten it, and the call still knows when it is due.
    const left = Math.max(1, Math.ceil(call.dueAt - this.#options.clock.now()));
    const timeoutMs = call.timeoutMs === 0 ? 0 : left;
    return { ...opening, request: { ...opening.request, encoded, isTold: true, timeoutMs } };
  }

  /** An answer, or anything else that belongs to a call of this side. */
  onAnswer(entry: Entry, data: unknown): void {
    const call = this.#pending.get(entry.id);
    if (call === undefined) {
      if (isOver(entry)) this.#broken.settled(entry.id);
      this.late += 1;
      return;
    }
    this.#options.outbox.sent.prove(call.place?.frameNumber ?? 0);
    switch (entry.kind) {
      case entryKind.result:
        // The end of a stream is no answer.
        if (call.output === undefined && isReceivingTapped())
          tellReceived(this.#options.peer, "answer", call.name, data);
        this.#settle(call);
        if (callSettled.hasSubscribers) this.#tellSettled(call, undefined);
        call.output?.end();
        this.#resolve(call, data);
        break;
      case entryKind.error:
        this.#fail(call, errorOf(entry, call.name, data));
        break;
      case entryKind.stop:
        call.input?.stop();
        break;
      case entryKind.credit:
        call.input?.credit(entry.credit);
        break;
    }
  }

  /** From {@link PendingCall}: the caller gives up. */
  cancel(call: PendingCall, reason: unknown, isDeadline: boolean): void {
    if (!this.#pending.has(call.id)) return;
    const isUnsent = call.place?.abandon(() => {
      this.#tellCancelled(call.id, isDeadline ? cancelReason.deadline : cancelReason.aborted);
    });
    const ran = isUnsent ? "no" : "maybe";
    // Its data has not to wait any more: there may be room for others.
    if (isUnsent === true) this.#options.outbox.touch();
    const error = isDeadline
      ? new MyelinError("ERR_TIMEOUT", timeoutText(call), { ran })
      : aborted(call.name, reason, ran);
    // Who cancels wants nothing more; of what is late, all that came in time is still good.
    if (!isDeadline) call.output?.breakOff(error);
    this.#fail(call, error);
  }

  /** The session is over: nothing will be answered. */
  failAll(makeError: (call: PendingCall, ran: "no" | "maybe") => MyelinError): void {
    this.#broken.clear();
    for (const call of [...this.#pending.values()]) {
      const isUnsent = call.place?.abandon(() => {}) ?? false;
      this.#fail(call, makeError(call, isUnsent ? "no" : "maybe"));
    }
  }

  /** From {@link PendingCall}: the peer counts it from here on. */
  number(call: PendingCall): number {
    if (call.id < 0) this.#pending.delete(call.id);
    this.#register(call, this.#nextId);
    this.#nextId += 2;
    return call.id;
  }

  /** From {@link PendingCall}: it has no number for now. */
  await(call: PendingCall): void {
    this.#register(call, --this.#waitingId);
  }

  #register(call: PendingCall, id: number): void {
    call.id = id;
    if (call.numbered !== undefined) call.numbered.id = id;
    this.#pending.set(id, call);
  }

  #send(call: PendingCall, head: CallHead, encoded: Encoded): void {
    const { outbox } = this.#options;
    const opening = { head, call };
    if (encoded === undefined || typeof encoded === "string") {
      call.place = outbox.call(opening, encoded);
    } else {
      const entry = new EntryWriter();
      const place = new MessagePlace(entry);
      call.place = place;
      outbox.message({ entry, kind: "call", opening, place, ...encoded });
    }
  }

  /** Nobody waits for the answer. */
  #tellCancelled(id: number, reason: number): void {
    const { outbox } = this.#options;
    outbox.control.cancel(id, reason);
    outbox.touch();
  }

  #openOutput(call: PendingCall, credit: number, accept: CallRequest["accept"]): void {
    const { items, outbox } = this.#options;
    // Not the call: it knows who reads, and who reads no more is to be forgotten.
    const { name } = call;
    const numbered = { id: call.id };
    call.numbered = numbered;
    call.output = new ItemReceiver({
      items,
      credit,
      onCredit: (limit) => {
        outbox.control.credit(numbered.id, limit);
        outbox.touch();
      },
      onStop: () => {
        const open = this.#pending.get(numbered.id);
        if (open !== undefined) this.cancel(open, undefined, false);
      },
      accept: accept === undefined ? undefined : (item) => acceptedHere(accept, item, name),
    });
  }

  #openInput(call: PendingCall, source: ItemSource): void {
    const { codecs, outbox, peer, uploadCredit } = this.#options;
    const { name, opening } = call;
    const { codec, options } = opening.request;
    const failed = (reason: unknown, isUnsendable: boolean): Last => {
      const record = encodeRemoteError(reason, { expose: "message", stacks: false });
      const outgoing = sealedBatch((batch) =>
        batch.fail(call.id, fittedError(record, outbox.sizes.maxErrorBytes)),
      );
      // Not before that: a cancel overtakes what waits.
      outgoing.whenLeft(() => this.#broken.add(call.id));
      const error = sourceError(name, record.message, reason, isUnsendable);
      return { outgoing, onQueued: () => this.#fail(call, error) };
    };
    const input = new ItemSender({
      get id() {
        return call.id;
      },
      outbox,
      source,
      credit: uploadCredit,
      encode(id, value) {
        const item = encodeItem(codecs, id, value, codec, options);
        if (isSendingTapped()) tellItem(peer, name, item, value);
        return item;
      },
      onEnd: () => ({ outgoing: sealedBatch((batch) => batch.end(call.id)) }),
      onFailure: (reason) => failed(reason, false),
      onUnsendable: (reason) => failed(reason, true),
      onStopped: () => {},
    });
    call.input = input;
    // Items of a call that the peer has not seen are nobody's: the opening may wait for others in its
    // tick, or for the peer's window, and items wait for neither.
    call.place?.whenLeft(() => {
      if (this.#pending.has(call.id)) input.start();
    });
  }

  #resolve(call: PendingCall, data: unknown): void {
    const { reject, request, resolve } = call.opening;
    // Of streams the items were checked, each by itself.
    const accept = call.output === undefined ? request.accept : undefined;
    try {
      resolve(accept === undefined ? data : accept(data));
    } catch (reason) {
      reject(refusedHere(reason, call.name, "an answer"));
    }
  }

  #fail(call: PendingCall, error: MyelinError): void {
    this.#settle(call);
    if (callSettled.hasSubscribers) this.#tellSettled(call, error);
    call.output?.end(error);
    call.opening.reject(error);
  }

  #tellSettled({ name, openedAt }: PendingCall, error: MyelinError | undefined): void {
    const { clock, peer } = this.#options;
    const ms = clock.now() - openedAt;
    callSettled.publish({ peer: peer as { id: string }, name, ms, error });
  }

  #settle(call: PendingCall): void {
    this.#pending.delete(call.id);
    this.#options.deadlines.remove(call);
    call.release();
  }
}

function errorOf({ amount, detail }: Entry, name: string, data: unknown): MyelinError {
  if (detail === 0) return remoteError(decodeRemoteError(data), ranOf(amount));
  return refusalError(detail, amount, name, data);
}

function acceptedHere(accept: (data: unknown) => unknown, item: unknown, name: string): unknown {
  try {
    return accept(item);
  } catch (reason) {
    throw refusedHere(reason, name, "an item");
  }
}

/** What came from the handler, which has run then, is not what the contract says. */
function refusedHere(reason: unknown, name: string, what: "an answer" | "an item"): MyelinError {
  const error = isMyelinError(reason)
    ? reason
    : new MyelinError("ERR_INVALID_DATA", textOfThrown(reason), { cause: reason });
  const { code, issues, message } = error;
  const text = `the call of ${JSON.stringify(name)} has ${what} that this side's contract refuses: ${message}`;
  return new MyelinError(code, text, {
    ran: "yes",
    // The refusal itself is all in here.
    ...("cause" in error ? { cause: error.cause } : {}),
    ...(issues === undefined ? {} : { issues }),
  });
}

function isOver({ kind }: Entry): boolean {
  return kind === entryKind.result || kind === entryKind.error;
}

function timeoutText({ name, id, timeoutMs }: PendingCall): string {
  const which = id > 0 ? ` (${id})` : "";
  return `the call of ${JSON.stringify(name)}${which} was not answered within ${timeoutMs} ms`;
}

/** The caller's own source failed, or an item of it cannot be sent. Its opening had left by then. */
function sourceError(
  name: string,
  text: string,
  reason: unknown,
  isUnsendable: boolean,
): MyelinError {
  const code = isUnsendable && isMyelinError(reason) ? reason.code : "ERR_SOURCE";
  const message = `the source of ${JSON.stringify(name)} failed: ${text}`;
  return new MyelinError(code, message, { cause: reason, ran: "maybe" });
}

/** Before anything has left. @throws {MyelinError} `ERR_ABORTED` */
function checkWanted({ name, signal }: CallRequest): void {
  if (signal?.aborted === true) throw aborted(name, signal.reason, "no");
}

function aborted(name: string, reason: unknown, ran: "no" | "maybe"): MyelinError {
  return abortedError(`the call of ${JSON.stringify(name)}`, reason, ran);
}
