/**
 * The events that arrive over UDP. Nobody can be told to send less: what comes before there are
 * handlers, or while too many of them are at work, waits here, and is dropped beyond a limit.
 */
import type { Tick } from "../../bytes/tick.ts";
import { datagramFailed } from "../../diagnostics.ts";
import { type MyelinError, toMyelinError } from "../../errors.ts";
import { Fifo } from "../../fifo.ts";
import { limits } from "../../limits.ts";
import { extrasOf } from "../message-context.ts";
import { WithBytes } from "../messages/bytes-beside.ts";
import type { DataCodecs } from "../messages/data-codecs.ts";
import type { EventDispatch } from "../receiving/dispatch.ts";
import { HandlerWindow } from "../receiving/handler-window.ts";
import type { WindowSize } from "../sending/send-window.ts";
import { entryCost } from "../wire.ts";
import { type ArrivedEvent, readEvents } from "./datagram-events.ts";

export interface DatagramInboxOptions<Peer> {
  readonly codecs: DataCodecs;
  readonly events: EventDispatch<Peer>;
  readonly tick: Tick;
  readonly window: WindowSize;
  /** Where they come from, for the diagnostics. */
  readonly remote: string;
  /** The handlers of an event have finished. */
  readonly onSettled: () => void;
  /** There was no room for these. */
  readonly onDropped: (events: number, bytes: number) => void;
}

export class DatagramInbox<Peer> {
  readonly received = { messages: 0, bytes: 0 };
  readonly #options: DatagramInboxOptions<Peer>;
  readonly #window: HandlerWindow;
  readonly #waiting = new Fifo<Buffer>();
  #waitingBytes = 0;
  /** Of the datagram that is being handed on. */
  #unread = 0;
  #unreadBytes = 0;
  #isReleased = false;
  #isPaused = false;
  #isStopped = false;

  constructor(options: DatagramInboxOptions<Peer>) {
    this.#options = options;
    this.#window = new HandlerWindow({
      size: options.window,
      pause: () => {
        this.#isPaused = true;
      },
      resume: () => {
        this.#isPaused = false;
        this.#handOn(() => !this.#isPaused);
      },
      onSettled: options.onSettled,
    });
  }

  /** Events whose handlers have not finished. */
  get active(): number {
    return this.#window.messages;
  }

  /** What they cost. */
  get activeBytes(): number {
    return this.#window.bytes;
  }

  /** Bytes that wait for handlers. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** There are handlers. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#handOn(() => !this.#isPaused);
  }

  /** No more comes: hands on all that waits, whatever handlers are at work on. */
  handOnAll(): void {
    this.#isReleased = true;
    this.#handOn(() => true);
  }

  /** Nothing is handed on any more: what was not is told as dropped, and listeners at work are told why. */
  stop(reason: MyelinError): void {
    this.#isStopped = true;
    let events = this.#unread;
    let bytes = this.#unreadBytes;
    for (const entries of this.#waiting.takeAll()) {
      events += this.#parse(entries)?.length ?? 0;
      bytes += entries.length;
    }
    this.#unread = 0;
    this.#unreadBytes = 0;
    this.#waitingBytes = 0;
    this.#options.events.abort(reason);
    if (events > 0) this.#options.onDropped(events, bytes);
  }

  /** The entries of a datagram; valid only during the call. */
  take(entries: Buffer): void {
    if (this.#isReleased && !this.#isPaused && this.#waiting.size === 0) {
      this.#options.tick.read(this, entries);
      return;
    }
    const cost = entries.length + entryCost;
    if (this.#waitingBytes + cost > limits.datagramWaitingBytes) {
      this.#options.onDropped(this.#parse(entries)?.length ?? 0, entries.length);
      return;
    }
    this.#waiting.push(Buffer.from(entries));
    this.#waitingBytes += cost;
  }

  /** For the tick. */
  read(entries: Buffer): void {
    const events = this.#parse(entries) ?? [];
    for (const { body } of events) {
      this.#unread += 1;
      this.#unreadBytes += body.length;
    }
    for (const event of events) {
      if (this.#isStopped) return;
      this.#unread -= 1;
      this.#unreadBytes -= event.body.length;
      this.#dispatch(event);
    }
    this.#window.check();
  }

  #dispatch({ body, bytes, codec, name }: ArrivedEvent): void {
    const { codecs, events } = this.#options;
    let data: unknown;
    try {
      data = codec === undefined ? undefined : codecs.decode(codec, body, false);
    } catch (reason) {
      this.#tellBad(reason);
      return;
    }
    this.received.messages += 1;
    this.received.bytes += bytes;
    const receipt = this.#window.take(body.length);
    if (data instanceof WithBytes) {
      events.dispatch(name, data.data, receipt, extrasOf(undefined, data.bytes));
    } else {
      events.dispatch(name, data, receipt);
    }
  }

  #parse(entries: Buffer): ArrivedEvent[] | undefined {
    try {
      return readEvents(entries);
    } catch (reason) {
      this.#tellBad(reason);
      return undefined;
    }
  }

  /** A datagram that is wrong ends nothing: there is no stream that would be out of step now. */
  #tellBad(reason: unknown): void {
    if (!datagramFailed.hasSubscribers) return;
    datagramFailed.publish({ remote: this.#options.remote, error: toMyelinError(reason) });
  }

  #handOn(mayGoOn: () => boolean): void {
    while (this.#isReleased && !this.#isStopped && mayGoOn()) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#waitingBytes -= next.length + entryCost;
      this.#options.tick.read(this, next);
    }
  }
}
