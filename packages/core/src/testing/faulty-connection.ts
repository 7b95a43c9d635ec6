/** A connection whose two directions can be delayed, cut anew, halted and broken. */
import type { Address } from "../address/address.ts";
import { type Clock, systemClock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import { milliseconds } from "../options.ts";
import { Patience } from "../patience.ts";
import { undelivered } from "../transport/socket-connection.ts";
import type { Connection, PeerIdentity, Sink } from "../transport/transport.ts";
import { FaultLane } from "./fault-lane.ts";
import { type Direction, drawFrom, type Fault, type FaultOptions } from "./fault-options.ts";
import { SeededRandom } from "./seeded-random.ts";

/** Who notices that a connection has broken; the others do when it heals. */
export type NoticedBy = "both" | "dialler" | "listener";

/** What {@link FaultyConnection} is made with. */
export interface FaultyConnectionOptions extends FaultOptions {
  /** The number of the dial. */
  readonly number: number;
  /** What the faults of this connection alone follow from. */
  readonly random: SeededRandom;
  /** Both ends are over, and nothing is left that {@link FaultyConnection.heal} could do. */
  readonly onGone: () => void;
}

/** Along a line that is only late so much may be on its way. */
const lineBytes = 16 * 1024 * 1024;

/** @param isHindered whoever takes them could have had them; else they are on their way */
function isTooMuch(bytes: number, isHindered: boolean): boolean {
  return bytes >= (isHindered ? limits.highWaterMarkBytes : lineBytes);
}

export class FaultyConnection implements Connection {
  readonly #inner: Connection;
  readonly #options: FaultyConnectionOptions;
  readonly #clock: Clock;
  readonly #lanes: Readonly<Record<Direction, FaultLane>>;
  #untilCut: number;
  #passedBytes = 0;
  #lostBytes = 0;
  #sink: Sink | undefined;
  #isPaused = false;
  #isInnerPaused = false;
  #needsDrain = false;
  #isClosing = false;
  #closing: Promise<void> | undefined;
  readonly #patience: Patience;
  #closeFailure: unknown;
  #onClosed: ((unsent: number) => void) | undefined;
  /** The inner connection is over; what it brought may still wait. */
  #innerEnd: { readonly error: MyelinError | undefined } | undefined;
  /** This end is over, as its owner sees it. */
  #end: { readonly error: MyelinError | undefined; readonly unsent: number } | undefined;
  #isTold = false;
  /** Cut, and its owner does not know yet. */
  #isUnnoticed = false;
  /** Over for its owner, while what it has sent is on its way still. */
  #isAbandoned = false;
  #breakInnerWhenHealed = false;

  constructor(inner: Connection, options: FaultyConnectionOptions) {
    const { clock = systemClock, cutAfterBytes, random } = options;
    this.#inner = inner;
    this.#options = options;
    this.#clock = clock;
    this.#patience = new Patience(clock, () => this.abort());
    this.#untilCut =
      cutAfterBytes === undefined ? Number.POSITIVE_INFINITY : drawFrom(cutAfterBytes, random);
    // Each direction has chance of its own: how busy one is does not change what the other does.
    const up = new SeededRandom(random.integer(0, 2 ** 32 - 1));
    const down = new SeededRandom(random.integer(0, 2 ** 32 - 1));
    this.#lanes = {
      up: new FaultLane(options, up, inner.kind === "datagram", {
        deliver: (piece) => this.#passUp(piece),
        empty: () => this.#upIsEmpty(),
        fault: (kind, bytes) => this.#report(kind, bytes, "up"),
      }),
      down: new FaultLane(options, down, inner.kind === "datagram", {
        deliver: (piece) => this.#passDown(piece),
        empty: () => this.#downIsEmpty(),
        fault: (kind, bytes) => this.#report(kind, bytes, "down"),
      }),
    };
    this.#updateReading();
    inner.open({
      onData: (chunk) => this.#received(chunk),
      onDrain: () => this.#lanes.up.release(),
      onClose: (error) => this.#innerClosed(error),
    });
  }

  get kind(): "stream" | "datagram" {
    return this.#inner.kind;
  }

  get maxDatagramBytes(): number {
    return this.#inner.maxDatagramBytes ?? limits.maxDatagramBytes;
  }

  get safeDatagramBytes(): number {
    return this.#inner.safeDatagramBytes ?? limits.eventDatagramBytes;
  }

  get peerIdleMs(): number {
    return this.#inner.peerIdleMs ?? limits.datagramPeerIdleMs;
  }

  get local(): Address | undefined {
    return this.#inner.local;
  }

  get remote(): Address | undefined {
    return this.#inner.remote;
  }

  get confinedTo(): Connection["confinedTo"] {
    return this.#inner.confinedTo;
  }

  get peer(): PeerIdentity {
    return this.#inner.peer;
  }

  get pendingBytes(): number {
    return this.#end === undefined ? this.#lanes.up.bytes + this.#inner.pendingBytes : 0;
  }

  get writable(): boolean {
    return !this.#needsDrain;
  }

  ref(): void {
    this.#inner.ref();
  }

  unref(): void {
    this.#inner.unref();
  }

  open(sink: Sink): void {
    if (this.#sink !== undefined) throw new MyelinError("ERR_CONFIG", "open() was called twice");
    this.#sink = sink;
    if (this.#end !== undefined) this.#clock.setImmediate(this.#tellEnd);
    this.#updateReading();
  }

  send(data: Uint8Array | string): boolean {
    if (this.#end !== undefined || this.#isClosing) {
      throw new MyelinError("ERR_CLOSED", "the connection is closed");
    }
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const isDatagram = this.kind === "datagram";
    // Its own words for what is too large, here and now.
    if (isDatagram && bytes.length > this.maxDatagramBytes) return this.#inner.send(bytes);
    if (isDatagram || bytes.length > 0) this.#lanes.up.pass(bytes);
    if (!this.#inner.writable || isTooMuch(this.pendingBytes, this.#lanes.up.isBlocked)) {
      this.#needsDrain = true;
      this.#lanes.up.schedule();
    }
    return !this.#needsDrain;
  }

  pause(): void {
    this.#isPaused = true;
    this.#updateReading();
  }

  resume(): void {
    this.#isPaused = false;
    this.#updateReading();
  }

  close(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#end === undefined ? this.#close() : Promise.resolve();
    if (this.#end === undefined) {
      this.#patience.lower(options.timeoutMs ?? limits.closeTimeoutMs);
      this.#patience.ref();
    }
    return this.#closing;
  }

  #close(): Promise<void> {
    this.#isClosing = true;
    this.#updateReading();
    this.#lanes.up.schedule();
    return new Promise((resolve, reject) => {
      this.#onClosed = (unsent) => {
        if (unsent === 0 && this.#closeFailure === undefined) resolve();
        else reject(unsent > 0 ? undelivered(unsent) : (this.#closeFailure as MyelinError));
      };
    });
  }

  abort(error?: MyelinError): void {
    if (this.#end !== undefined) return;
    const unsent = this.pendingBytes;
    // What does not pass brings no end over either.
    if (this.#lanes.up.isStalled) this.#breakInnerWhenHealed = true;
    else this.#inner.abort();
    this.#finish(error ?? (unsent > 0 ? undelivered(unsent) : undefined), unsent);
  }

  /** Breaks it, as a network does. Who does not notice hears nothing until {@link heal}. */
  cut(noticedBy: NoticedBy): void {
    if (this.#end !== undefined || this.#innerEnd !== undefined) {
      this.#inner.abort();
      return;
    }
    this.#report("cut", this.#passedBytes);
    const unsent = this.pendingBytes;
    if (noticedBy !== "both") for (const lane of Object.values(this.#lanes)) lane.stall();
    // What was sent may arrive late, on a connection that nobody has any more.
    this.#isAbandoned = noticedBy === "dialler";
    this.#isUnnoticed = noticedBy === "listener";
    if (noticedBy !== "dialler") this.#inner.abort();
    if (noticedBy !== "listener") this.#finish(lost(), unsent);
  }

  /** Nothing passes until {@link heal}, and nobody notices. */
  stall(direction: Direction): void {
    const lane = this.#lanes[direction];
    if (!lane.isStalled) this.#report("stalled", lane.passedBytes, direction);
    lane.stall();
  }

  heal(): void {
    for (const direction of ["up", "down"] as const) {
      const lane = this.#lanes[direction];
      if (lane.isStalled) this.#report("healed", lane.passedBytes, direction);
      lane.heal();
    }
    if (this.#breakInnerWhenHealed) this.#inner.abort();
  }

  #updateReading(): void {
    const { down } = this.#lanes;
    if (this.#isClosing || (this.#sink !== undefined && !this.#isPaused)) down.release();
    else down.hold();
    // Datagrams are not held back by who reads: they would be lost.
    const isBehind = this.kind === "stream" && down.isBehind;
    const isFull = isTooMuch(down.bytes, down.isBlocked || isBehind);
    if (isFull === this.#isInnerPaused) return;
    this.#isInnerPaused = isFull;
    if (isFull) this.#inner.pause();
    else this.#inner.resume();
  }

  #received(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#lanes.down.push(Uint8Array.from(chunk));
    this.#updateReading();
  }

  #passUp(piece: Uint8Array): void {
    if (this.#innerEnd !== undefined) return;
    const part = this.#beforeCut(piece);
    try {
      if (part.length > 0 || this.kind === "datagram") this.#inner.send(part);
    } catch {
      // The far side has ended, and this one does not know yet.
      this.#lostBytes += part.length;
    }
    if (!this.#inner.writable) this.#lanes.up.hold();
    if (this.#untilCut === 0) this.#breakByChance();
  }

  #passDown(piece: Uint8Array): void {
    const part = this.#beforeCut(piece);
    try {
      if (part.length > 0 || this.kind === "datagram") this.#sink?.onData(part);
    } finally {
      // Who kept it keeps rubbish, and so finds the mistake.
      piece.fill(0xdd);
      if (this.#end === undefined) this.#passedDown();
    }
  }

  #passedDown(): void {
    if (this.#untilCut === 0) this.#breakByChance();
    else this.#updateReading();
  }

  #beforeCut(piece: Uint8Array): Uint8Array {
    const part = piece.subarray(0, this.#untilCut);
    this.#untilCut -= part.length;
    this.#passedBytes += part.length;
    return part;
  }

  #breakByChance(): void {
    this.#untilCut = Number.POSITIVE_INFINITY;
    this.#report("cut", this.#passedBytes);
    const unsent = this.pendingBytes;
    this.#finish(lost(), unsent);
    // An abort could take back what has passed before the cut.
    this.#endInner();
  }

  #upIsEmpty(): void {
    if (this.#innerEnd !== undefined) return;
    if (this.#isAbandoned || (this.#isClosing && this.#end === undefined)) {
      this.#endInner();
    } else if (this.#needsDrain && this.#inner.writable && this.#end === undefined) {
      this.#needsDrain = false;
      this.#sink?.onDrain();
    }
  }

  #downIsEmpty(): void {
    if (this.#innerEnd === undefined || this.#end !== undefined) return;
    const unsent = this.#lanes.up.bytes + this.#lostBytes;
    const { error = unsent > 0 ? undelivered(unsent) : undefined } = this.#innerEnd;
    this.#finish(error, unsent);
  }

  #endInner(): void {
    // The time limit is this connection's own.
    const timeoutMs = this.#isClosing ? milliseconds.max : limits.closeTimeoutMs;
    this.#inner.close({ timeoutMs }).catch((reason: unknown) => {
      this.#closeFailure = reason;
    });
  }

  #innerClosed(error: MyelinError | undefined): void {
    this.#innerEnd = { error: this.#isUnnoticed ? lost() : error };
    this.#lanes.up.hold();
    this.#lanes.down.schedule();
    if (this.#end !== undefined) this.#options.onGone();
  }

  #finish(error: MyelinError | undefined, unsent: number): void {
    this.#end = { error, unsent };
    this.#patience.stop();
    this.#lanes.down.clear();
    if (!this.#isAbandoned) this.#lanes.up.clear();
    this.#clock.setImmediate(this.#tellEnd);
    if (this.#innerEnd !== undefined) this.#options.onGone();
  }

  readonly #tellEnd = (): void => {
    if (this.#end === undefined) return;
    this.#onClosed?.(this.#end.unsent);
    this.#onClosed = undefined;
    if (this.#isTold || this.#sink === undefined) return;
    this.#isTold = true;
    this.#sink.onClose(this.#end.error);
  };

  #report(kind: Fault["kind"], bytes: number, direction?: Direction): void {
    const { number: connection, onFault } = this.#options;
    const fault = { kind, atMs: this.#clock.now(), connection, bytes };
    onFault?.(direction === undefined ? fault : { ...fault, direction });
  }
}

function lost(): MyelinError {
  return new MyelinError("ERR_CONNECTION_LOST", "the connection broke");
}
