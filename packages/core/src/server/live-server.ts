/** A server: everybody who has come in, and what is said to all of them. */
import type { Entry } from "../contract/entry.ts";
import { Emitter, type Subscription } from "../emitter.ts";
import { MyelinError } from "../errors.ts";
import { shown } from "../options.ts";
import type { CloseOptions, ListenerOptions } from "../peer/call-options.ts";
import type { Notice } from "../peer/notice.ts";
import type { AskOptions, BroadcastOptions, BroadcastResult } from "../peer/server.ts";
import type { ExchangeStats, ServerStats } from "../peer/stats.ts";
import type { Endpoint, UserHandler } from "../session/endpoint.ts";
import type { LetIn } from "../session/handshake/greet-client.ts";
import type { Hello, ResumeRequest } from "../session/handshake/hello.ts";
import { type Encoded, shareable } from "../session/messages/data-codecs.ts";
import { checkName } from "../session/messages/name-table.ts";
import { bindOnUse } from "../session/peers/bound-methods.ts";
import { hurried } from "../session/peers/bounded.ts";
import { showBriefly } from "../session/peers/brief.ts";
import {
  checkCloseOptions,
  checkListener,
  checkMethodOptions,
  checkWait,
} from "../session/peers/peer-arguments.ts";
import { warnOfNoticeListener } from "../session/peers/peer-notices.ts";
import type { SessionPeer } from "../session/peers/session-peer.ts";
import { closedError } from "../session/session-end.ts";
import { isSendingTapped, tellPayload } from "../session/taps.ts";
import type { Connection, Listener } from "../transport/transport.ts";
import { type AskOutcome, ask } from "./ask.ts";
import { audienceOf, checkAudience } from "./audience.ts";
import { type DatagramClient, DatagramPeer } from "./datagram-peer.ts";
import type { Gate, TakenBack } from "./gate.ts";
import type { LivePeer } from "./live-peer.ts";
import { MyelinPeer } from "./myelin-peer.ts";
import { type NodeIpcClient, NodeIpcPeer } from "./node-ipc-peer.ts";
import { Rooms } from "./rooms.ts";
import { sumOf } from "./sum-of-stats.ts";

interface ServerEvents {
  peer: readonly [LivePeer];
  notice: readonly [Notice];
}

/** What waits for clients that may come back. */
export interface DetachedLimits {
  readonly maxDetachedSessions: number;
  readonly maxDetachedBytes: number;
}

export class LiveServer implements AsyncDisposable {
  readonly peers: ReadonlyMap<string, LivePeer>;
  readonly closed: Promise<void>;
  readonly addresses: readonly string[];
  readonly rooms: Rooms<LivePeer> = new Rooms();
  readonly #peers = new Map<string, LivePeer>();
  /** Those that wait for their clients, and what is held for them; who has waited longest is first. */
  readonly #detached = new Map<LivePeer, number>();
  #detachedBytes = 0;
  readonly #endpoint: Endpoint<SessionPeer>;
  readonly #gate: Gate;
  readonly #listeners: readonly Listener[];
  readonly #events = new Emitter<ServerEvents>({
    peer: (reason, peer) => peer.tellListenerFailed("onPeer", reason),
    notice: (reason, { peer }) => warnOfNoticeListener(peer, reason),
  });
  readonly #limits: DetachedLimits;
  #past: ExchangeStats | undefined;
  #closing: Promise<void> | undefined;
  #tellClosed!: () => void;
  #isUnref = false;
  #isClosing = false;

  constructor(
    endpoint: Endpoint<SessionPeer>,
    gate: Gate,
    listeners: readonly Listener[],
    addresses: readonly string[],
    detachedLimits: DetachedLimits,
  ) {
    this.#limits = detachedLimits;
    this.peers = this.#peers;
    this.#endpoint = endpoint;
    this.#gate = gate;
    this.#listeners = listeners;
    this.addresses = addresses;
    this.closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
    });
  }

  get address(): string {
    return this.addresses[0] as string;
  }

  /** Nobody is let in any more. @internal */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** @internal */
  takeBack(resume: ResumeRequest, hello: Hello, connection: Connection): TakenBack | undefined {
    return this.#peers.get(resume.session)?.takeBack(resume, hello, connection);
  }

  /** A client has been welcomed. @internal */
  enter(id: string, client: LetIn, isLocal: boolean): void {
    if (client.resumed !== undefined) {
      this.#comeBack(id, client);
      return;
    }
    const peer = new MyelinPeer(this, this.#endpoint, id, client, isLocal);
    this.#welcome(peer);
  }

  #welcome(peer: LivePeer): void {
    // It has ended already, and nobody would take it away again.
    if (peer.state === "closed") return;
    this.#peers.set(peer.id, peer);
    peer.entered();
    if (this.#isUnref) peer.unref();
    this.#events.emit("peer", peer);
    // In a turn of its own: what a listener awaits before it attaches a handler may settle first.
    this.#endpoint.clock.setImmediate(() => peer.release());
  }

  /** A client of node-ipc has been let in. @internal */
  enterNodeIpc(id: string, client: NodeIpcClient): NodeIpcPeer {
    const peer = new NodeIpcPeer(this, this.#endpoint, id, client);
    this.#welcome(peer);
    return peer;
  }

  /** A client over UDP has been let in. @internal */
  enterDatagrams(id: string, client: DatagramClient): DatagramPeer {
    const peer = new DatagramPeer(this, this.#endpoint, id, client);
    this.#welcome(peer);
    return peer;
  }

  /** Sessions that wait are kept within their limits: the oldest expire. @internal */
  onDetached(peer: LivePeer): void {
    this.onAttached(peer);
    this.#detached.set(peer, 0);
    this.#limitDetached();
  }

  /** It waits for its client no more. @internal */
  onAttached(peer: LivePeer): void {
    this.#detachedBytes -= this.#detached.get(peer) ?? 0;
    this.#detached.delete(peer);
  }

  /** @internal */
  onHeld(peer: LivePeer, bytes: number): void {
    const before = this.#detached.get(peer);
    if (before === undefined) return;
    this.#detachedBytes += bytes - before;
    this.#detached.set(peer, bytes);
    this.#limitDetached();
  }

  /** @internal */
  onGone(peer: LivePeer): void {
    this.#peers.delete(peer.id);
    this.onAttached(peer);
    // What waited, and whoever was at work for it, is gone with it.
    const over = { pendingBytes: 0, pendingCalls: 0, activeHandlers: 0 };
    this.#past = { ...sumOf([this.#past, peer.stats()]), ...over };
  }

  onPeer(listener: (peer: LivePeer) => void, options: ListenerOptions = {}): Subscription {
    checkListener("onPeer", listener, options);
    return this.#events.on("peer", listener, options);
  }

  /** Hears the notices of all peers; a peer itself calls it to tell one. */
  onNotice(listener: (notice: Notice) => void, options: ListenerOptions = {}): Subscription {
    checkListener("onNotice", listener, options);
    return this.#events.on("notice", listener, options);
  }

  /** @internal */
  tellNotice(notice: Notice): boolean {
    return this.#events.emit("notice", notice);
  }

  handle(name: string, handler: UserHandler): Subscription {
    return this.#endpoint.handle(this.#endpoint.handlers, name, handler);
  }

  on(name: string, listener: UserHandler, options?: ListenerOptions): Subscription {
    return this.#endpoint.on(this.#endpoint.handlers, name, listener, options);
  }

  broadcast(name: string, data?: unknown, options: BroadcastOptions = {}): BroadcastResult {
    if (this.#closing !== undefined) throw closedError();
    checkMethodOptions("broadcast", options);
    checkAudience("broadcast", options);
    checkName(name);
    const entry: Entry | undefined = this.#endpoint.outgoing(name, "event");
    const { anyCodecs } = this.#endpoint;
    // All of them share what is large, and one copy, if any.
    const encoded = shareable(anyCodecs.encode(data, entry?.codec, options));
    const headers = this.#endpoint.headers();
    const { gone, peers } = audienceOf(this.#peers, this.rooms, options);
    let accepted = 0;
    let dropped = 0;
    let refused = gone.length;
    for (const peer of peers) {
      const before = peer.dropped;
      if (isSendingTapped()) tellPayload(peer, "event", name, data);
      if (!this.#sendTo(peer, name, encoded, headers)) refused += 1;
      else if (peer.dropped > before) dropped += 1;
      else accepted += 1;
    }
    return { accepted, dropped, refused };
  }

  async ask(name: string, input?: unknown, options: AskOptions = {}): Promise<AskOutcome> {
    checkWait("ask", options);
    checkAudience("ask", options);
    checkName(name);
    this.#endpoint.outgoing(name, "call");
    const { signal, timeoutMs = this.#endpoint.callTimeoutMs, want = "all" } = options;
    if (want !== "all" && (!Number.isInteger(want) || want < 0)) {
      throw new MyelinError(
        "ERR_CONFIG",
        `want must be "all" or a number of peers, not ${shown(want)}`,
      );
    }
    if (this.#closing !== undefined) throw closedError();
    const { gone, peers } = audienceOf(this.#peers, this.rooms, options);
    const { clock } = this.#endpoint;
    const { bytes, copy, ref } = options;
    return ask(peers, name, input, { clock, gone, signal, timeoutMs, want, bytes, copy, ref });
  }

  async close(options: CloseOptions = {}): Promise<void> {
    // A mistake in the options closes nothing.
    checkCloseOptions(options);
    const { signal, ...how } = options;
    if (this.#closing === undefined) this.#closing = this.#close(how);
    else this.#hurry(how);
    await hurried(this.#closing, signal, () => this.#hurry({ ...how, drainMs: 0, timeoutMs: 0 }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const peers = [...this.#peers.values()];
    try {
      await this.close();
    } catch {
      // Nobody else is there to tell.
      for (const peer of peers) await peer.tellUndelivered();
    }
  }

  stats(): ServerStats {
    const peers = [...this.#peers.values()];
    return {
      ...sumOf([this.#past, ...peers.map((peer) => peer.stats())]),
      peers: peers.length - this.#detached.size,
      detached: this.#detached.size,
      refused: this.#gate.refused,
      bufferedBytes: this.#endpoint.budget.measure(),
    };
  }

  ref(): void {
    this.#isUnref = false;
    for (const each of [...this.#listeners, ...this.#peers.values()]) each.ref();
  }

  unref(): void {
    this.#isUnref = true;
    for (const each of [...this.#listeners, ...this.#peers.values()]) each.unref();
  }

  #comeBack(id: string, client: LetIn): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) {
      client.connection.abort();
      return;
    }
    peer.comeBack(client);
  }

  #limitDetached(): void {
    const { maxDetachedBytes, maxDetachedSessions } = this.#limits;
    for (const [peer, bytes] of this.#detached) {
      const areTooMany = this.#detached.size > maxDetachedSessions;
      if (!areTooMany && this.#detachedBytes <= maxDetachedBytes) return;
      // Where memory is short, those who take none of it may stay.
      if (!areTooMany && bytes === 0) continue;
      // It alone has all of it: `slowPeer` decides.
      if (!areTooMany && bytes === this.#detachedBytes) continue;
      peer.expire(
        new MyelinError("ERR_CONNECTION_LOST", "too many sessions waited for their clients"),
      );
    }
  }

  /** A peer that has too much to read of what everybody gets is too slow for it, and is cut. */
  #sendTo(peer: LivePeer, name: string, encoded: Encoded, headers: Buffer | undefined): boolean {
    try {
      peer.sendEncoded(name, encoded, headers);
      return true;
    } catch {
      return false;
    }
  }

  /** It is closing, and somebody has less patience: who closed it first hears how that ended. */
  #hurry(options: CloseOptions): void {
    for (const peer of this.#peers.values()) peer.close(options).catch(() => {});
  }

  async #close(options: CloseOptions): Promise<void> {
    this.#isClosing = true;
    this.#gate.close();
    const own = this.#listeners.filter(({ isShared }) => isShared !== true);
    const shared = this.#listeners.filter(({ isShared }) => isShared === true);
    const listening = own.map((listener) => listener.close());
    const parting = [...this.#peers.values()].map((peer) => peer.close(options));
    const outcomes = await Promise.allSettled([...parting, ...listening]);
    // Their peers have said goodbye over the very same sockets.
    outcomes.push(...(await Promise.allSettled(shared.map((listener) => listener.close()))));
    this.#tellClosed();
    this.#events.letGo();
    this.#endpoint.handlers.letGo();
    const failures = outcomes.filter((each) => each.status === "rejected");
    const [first] = failures;
    if (first === undefined) return;
    if (failures.length === 1) throw first.reason;
    const message = `${failures.length} peers did not get everything`;
    throw new MyelinError("ERR_UNDELIVERED", message, { cause: first.reason });
  }
}

bindOnUse(LiveServer.prototype, [
  ...(["onPeer", "onNotice", "handle", "on", "broadcast", "ask", "close"] as const),
  ...(["stats", "ref", "unref"] as const),
  Symbol.asyncDispose,
]);
showBriefly(
  LiveServer.prototype,
  () => "Server",
  ({ addresses, peers }) => ({ addresses, peers: peers.size }),
);
