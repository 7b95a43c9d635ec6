/**
 * A client: a peer that makes its connection, and makes it again when it breaks. What is said over the
 * connection, and before it, is the business of those who know the dialect.
 */
import { type Address, formatAddress } from "../address/address.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import type { CallOpening } from "../session/calls/call-opening.ts";
import type { Conversation } from "../session/conversation.ts";
import type { Endpoint } from "../session/endpoint.ts";
import type { Retry } from "../session/goodbye.ts";
import type { Rejection } from "../session/handshake/greet-server.ts";
import { outlivedText } from "../session/memory-budget.ts";
import type { Encoded } from "../session/messages/data-codecs.ts";
import { checkName } from "../session/messages/name-table.ts";
import { afterwards, type WaitingLater } from "../session/peers/peer-stats.ts";
import { SessionPeer } from "../session/peers/session-peer.ts";
import {
  closedError,
  isComplete,
  nothing,
  type SessionEnd,
  undeliveredError,
} from "../session/session-end.ts";
import type { Connection, PeerIdentity, Transport } from "../transport/transport.ts";
import { Attempts, type RetrySettings } from "./attempts.ts";
import { OfflineMessages, type OfflineSettings } from "./offline-messages.ts";

export interface LiveClientOptions {
  readonly transport: Transport;
  readonly address: Address;
  readonly retry: RetrySettings | undefined;
  readonly offline: OfflineSettings;
}

const nobody: PeerIdentity = Object.freeze({ credentials: "unknown" });

export abstract class LiveClient extends SessionPeer {
  readonly address: string;
  /** Settles with the first welcome, or when there will be none. */
  readonly first: Promise<void>;
  readonly #options: LiveClientOptions;
  protected readonly attempts: Attempts;
  readonly #offline: OfflineMessages;
  #id = "";
  /** Another session has taken the place of the one that is ending. */
  #isReplaced = false;
  #gaveUp = false;
  /** What has waited is leaving: what is sent meanwhile stands behind it. */
  #isCatchingUp = false;
  /** Closes that wait for a session to take what waits. */
  readonly #parting = new Set<() => void>();
  #welcomed!: () => void;
  #failed!: (error: MyelinError) => void;

  constructor(endpoint: Endpoint<SessionPeer>, options: LiveClientOptions) {
    super(endpoint, endpoint.handlers, "connecting");
    this.address = formatAddress(options.address);
    this.#options = options;
    const { clock } = endpoint;
    this.attempts = new Attempts({
      clock,
      transport: options.transport,
      address: options.address,
      retry: options.retry,
      hindrance: () => this.#hindrance(),
      onConnection: (connection, failed) => this.greet(connection, failed),
      onGone: (error) => this.tellGone(error),
      onGivenUp: (error) => this.#withoutSession(error),
      isHeld: () => this.hold.isHeld,
    });
    this.#offline = new OfflineMessages({
      peer: this,
      clock,
      settings: options.offline,
      codecs: endpoint.anyCodecs,
      highWaterMarkBytes: endpoint.highWaterMarkBytes,
      maxQueuedBytes: endpoint.maxQueuedBytes,
      budget: endpoint.budget,
      onDropped: (events, bytes, reason) => this.tellDropped(events, bytes, reason),
      onEmpty: () => {
        this.flushes.changed();
        this.#tellParting();
      },
      onLess: () => {
        // What is sent now waits there, too.
        if (this.accepting === undefined && this.state !== "closed") this.tellDrain();
      },
    });
    this.first = new Promise((resolve, reject) => {
      this.#welcomed = resolve;
      this.#failed = reject;
    });
    // Who connects lazily does not wait for it.
    this.first.catch(() => {});
  }

  /** Why the newest attempt failed. @internal */
  get lastError(): MyelinError | undefined {
    return this.attempts.lastError;
  }

  /** What stands in the way of the attempt that is being made, as far as it shows. @internal */
  get obstacle(): string | undefined {
    return undefined;
  }

  /** Makes the first attempt. @internal */
  begin(): void {
    void this.attempts.begin();
  }

  /** There is a connection: says who we are, and calls {@link enter} or `failed`. */
  protected abstract greet(connection: Connection, failed: (rejection: Rejection) => void): void;

  /** The server to which the newest session belonged has ended. */
  protected tellGone(_error: MyelinError): void {}

  /** As the server names the session; empty before the first welcome. */
  get id(): string {
    return this.#id;
  }

  get remote(): string | undefined {
    const remote = this.connection?.remote;
    return remote === undefined ? undefined : formatAddress(remote);
  }

  get identity(): PeerIdentity {
    return this.connection?.peer ?? nobody;
  }

  /** Gives up, for a reason of the caller's: no welcome in time, say. @internal */
  giveUp(error: MyelinError): void {
    if (this.state === "closed") return;
    this.#over(error);
  }

  takesUnsent(error: MyelinError | undefined, retry: Retry | undefined): boolean {
    return this.#offline.isKept && !this.#isLast(error, retry);
  }

  tellEnd(end: SessionEnd): void {
    const { error, retry } = end;
    this.past = afterwards(this.session);
    this.session = undefined;
    const isLast = this.#isLast(error, retry);
    // Everything is in its place before anybody is told, who may close this client.
    this.#offline.takeBack(end.moved);
    if (isLast) {
      this.#over(error, end);
      this.tellClosed(end);
      return;
    }
    const isReplaced = this.#isReplaced;
    if (!isReplaced && !this.attempts.isUnderWay) {
      this.attempts.later(typeof retry === "object" ? retry.afterMs : 0, error);
    }
    this.tellClosed(end);
    this.#tellGap(end);
    if (isReplaced) return;
    this.setState("connecting");
    // What waited for room in the session may wait for the next one.
    this.tellDrain();
  }

  /** A server that ends its sessions as fast as it fills them would have all of the memory. */
  #hindrance(): MyelinError | undefined {
    const isOutlived = this.session === undefined && this.endpoint.budget.isOutlived;
    return isOutlived ? new MyelinError("ERR_BUSY", outlivedText) : undefined;
  }

  /** No session follows on the one that ends so. */
  #isLast(error: MyelinError | undefined, retry: Retry | undefined): boolean {
    if (this.#gaveUp || this.#options.retry === undefined) return true;
    if (this.#isReplaced) return false;
    if (this.wasClosedHere) return true;
    if (this.attempts.isSpent && !this.attempts.isUnderWay) return true;
    return retry === "never" || error?.code === "ERR_CLOSED";
  }

  /** One that ended by itself has told it as a gap. @internal */
  override async tellUndelivered(): Promise<void> {
    if (this.wasClosedHere) await super.tellUndelivered();
  }

  #tellGap({ unacknowledged, unsent }: SessionEnd): void {
    const events = unsent.events + unacknowledged.events;
    const calls = unsent.calls + unacknowledged.calls;
    if (events + calls === 0) return;
    const mayHaveArrived = unacknowledged.events + unacknowledged.calls > 0;
    this.notify({ kind: "gap", peer: this, events, calls, mayHaveArrived });
  }

  protected override applyHold(isHeld: boolean): void {
    super.applyHold(isHeld);
    this.attempts.applyHold(isHeld);
  }

  /**
   * What is sent while the server says goodbye goes to the session after this one, and what is sent
   * amid what waits goes behind it; and nobody sends anything to a session that came because `close()`
   * waited for it.
   */
  protected override get accepting(): Conversation | undefined {
    const isLeaving = this.heardGoodbye && this.#options.retry !== undefined;
    const isLater = isLeaving || this.#isCatchingUp || this.wasClosedHere;
    return isLater ? undefined : this.session;
  }

  protected sendLater(name: string, encode: () => Encoded, headers: Buffer | undefined): void {
    if (this.state === "closed" || this.wasClosedHere) throw closedError();
    checkName(name);
    this.#offline.send(name, encode, headers);
  }

  protected override get waitingLater(): WaitingLater {
    return this.#offline.count();
  }

  protected get hasRoomLater(): boolean {
    return this.#offline.hasRoom;
  }

  protected openLater(opening: CallOpening): void {
    if (this.state === "closed" || this.wasClosedHere) throw closedError();
    this.#offline.open(opening);
  }

  protected override async closeSession(
    how: Parameters<SessionPeer["closeSession"]>[0],
  ): Promise<void> {
    const { clock } = this.endpoint;
    const dueAt = clock.now() + how.timeoutMs;
    let failure: MyelinError | undefined;
    // What the session that is closed has not sent may be the next one's: a server that was started anew
    // has welcomed us meanwhile.
    while (this.state !== "closed") {
      const leftMs = Math.max(0, dueAt - clock.now());
      if (this.session === undefined && leftMs > 0) await this.#lastSession(leftMs);
      const { session } = this;
      if (session === undefined) {
        this.#withoutSession(this.#outOfTime());
        break;
      }
      const timeoutMs = Math.max(0, dueAt - clock.now());
      try {
        await super.closeSession({ ...how, drainMs: Math.min(how.drainMs, timeoutMs), timeoutMs });
      } catch (reason) {
        failure ??= toMyelinError(reason);
      }
      // Over UDP the connection is told to close before its session hears that it did.
      if (this.session === session) await this.closed;
    }
    if (failure !== undefined) throw failure;
    const { error, undelivered } = await this.closed;
    // It was accepted for a session that did not come, or one that broke had it.
    if (!isComplete(undelivered)) throw undeliveredError({ error, ...undelivered });
  }

  /** Waits for a session that takes what waits, as long as anything does and one may come: so long at most. */
  async #lastSession(timeoutMs: number): Promise<void> {
    if (!this.#isNeeded || !this.attempts.isUnderWay) return;
    const { clock } = this.endpoint;
    let settle = (): void => {};
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const timer = clock.setTimeout(settle, timeoutMs);
    timer.ref();
    this.#parting.add(settle);
    await settled;
    this.#parting.delete(settle);
    clock.clearTimeout(timer);
  }

  /** Why it closes without a session: no mistake if nothing waits for one. */
  #outOfTime(): MyelinError | undefined {
    if (!this.#isNeeded) return undefined;
    const { lastError } = this.attempts;
    const cause = lastError === undefined ? {} : { cause: lastError };
    return new MyelinError("ERR_TIMEOUT", "closing ran out of time: no session came", cause);
  }

  /** Something waits for a session. */
  get #isNeeded(): boolean {
    const { calls, events } = this.#offline.count();
    return calls + events > 0;
  }

  #tellParting(): void {
    for (const settle of this.#parting) settle();
  }

  /** There is a session over a new connection: what has waited leaves, and then handlers may be called. */
  protected enter(id: string, connection: Connection, begin: () => Conversation): void {
    this.#id = id;
    this.heardGoodbye = false;
    this.attempts.succeeded();
    this.setConnection(connection);
    const session = begin();
    // Where nothing is kept nothing waits.
    this.#isCatchingUp = this.#offline.isKept;
    this.session = session;
    this.#tellParting();
    this.resumptions = 0;
    try {
      this.tellOpened();
      // All of it at once: it has its place in memory already, so no limit of the session's holds for it.
      session.catchUp(() => this.#offline.flush(session, () => this.session === session));
    } finally {
      this.#isCatchingUp = false;
    }
    // Whoever is told of something may close this client; and what waited may have been too much.
    if (this.session === session) this.setState("open");
    if (this.session === session) this.tellDrain();
    if (this.session === session) this.#welcomed();
    // In a turn of its own: what follows `await connect()` may still attach handlers.
    this.endpoint.clock.setImmediate(() => session.release());
  }

  /** The session has ended at the server: another one takes its place. */
  protected replace(session: Conversation, reason: MyelinError): void {
    this.#isReplaced = true;
    session.abort(reason);
    this.#isReplaced = false;
  }

  /** None comes any more: whatever the server of the last one said, it is not the reason. */
  #withoutSession(error: MyelinError | undefined): void {
    this.heardGoodbye = false;
    this.#over(error);
  }

  #over(error: MyelinError | undefined, end: SessionEnd = endOf(error)): void {
    if (this.state === "closed") return;
    if (this.session !== undefined) {
      // It waits for a server that will not have us.
      this.wasClosedHere ||= error === undefined;
      this.#gaveUp = true;
      this.session.abort(error);
      return;
    }
    const waited = this.#offline.count();
    this.#tellParting();
    this.attempts.stop();
    const told = this.#explained(error);
    const reason = told ?? closedError();
    this.#offline.failAll(this.wasClosedHere ? closedError() : reason);
    const { calls, events } = end.unsent;
    const unsent = { events: events + waited.events, calls: calls + waited.calls };
    const last = { ...end, error: told, unsent };
    // Closed before: who hears of the gap can send nothing more.
    this.setState("closed");
    // Who closed it is told by `close()`.
    if (!this.wasClosedHere) this.#tellGap(last);
    this.finish(last);
    this.#failed(reason);
  }

  /** Says why nobody tries again. */
  #explained(error: MyelinError | undefined): MyelinError | undefined {
    const { address } = this;
    const isOnly = this.#options.transport.dialsOnce === true;
    if (!isOnly || error?.code !== "ERR_CONNECTION_LOST") return error;
    const what = `${address} carries one connection; a client that is to connect again gets a function that makes one`;
    const { message } = error;
    return new MyelinError("ERR_CONNECTION_LOST", `${message}; ${what}`, { address, cause: error });
  }
}

/** Of a client that has no session. */
function endOf(error: MyelinError | undefined): SessionEnd {
  return { error, unsent: nothing, unacknowledged: nothing, retry: undefined, moved: [] };
}
