/** A client: a peer that makes its connection, and makes it again when it breaks. */
import { type Address, formatAddress } from "../address/address.ts";
import type { Timer } from "../clock.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import {
  type DataCodecs,
  type Encoded,
  encodedLength,
  unlimitedCodecs,
} from "../session/data-codecs.ts";
import type { Endpoint } from "../session/endpoint.ts";
import { greetServer, type Rejection, type Welcomed } from "../session/greet-server.ts";
import type { Hello, ResumeRequest } from "../session/hello.ts";
import { checkName } from "../session/name-table.ts";
import { OfflineQueue } from "../session/offline-queue.ts";
import type { PendingCall } from "../session/pending-call.ts";
import type { Session } from "../session/session.ts";
import { closedError, type SessionEnd } from "../session/session-end.ts";
import { type CallOpening, SessionPeer } from "../session/session-peer.ts";
import { receiveLimits, resumeFeature, sinkOf, startSession } from "../session/start-session.ts";
import type { ResumeOffer } from "../session/welcome.ts";
import { channelBinding } from "../transport/channel-binding.ts";
import type { PeerIdentity, Transport } from "../transport/transport.ts";
import { Backoff } from "./backoff.ts";
import { isForGood } from "./for-good.ts";

export interface LiveClientOptions {
  readonly transport: Transport;
  readonly address: Address;
  readonly meta: Readonly<Record<string, string>>;
  readonly welcomeTimeoutMs: number;
  readonly retry:
    | { readonly minMs: number; readonly maxMs: number; readonly maxAttempts: number }
    | undefined;
  readonly offline: {
    readonly policy: "queue" | "drop" | "reject";
    readonly maxBytes: number;
    readonly maxMessages: number;
  };
}

const nothing = Object.freeze({ events: 0, calls: 0 });
const nobody: PeerIdentity = Object.freeze({ credentials: "unknown" });
/** What a call that waits counts for, beside its data. */
const waitingBytes = 64;

export class LiveClient extends SessionPeer {
  readonly address: string;
  /** Settles with the first welcome, or when there will be none. */
  readonly first: Promise<void>;
  readonly #options: LiveClientOptions;
  readonly #backoff: Backoff;
  readonly #offline: OfflineQueue<Session<SessionPeer>>;
  readonly #codecs: DataCodecs;
  #id = "";
  #dialling: AbortController | undefined;
  #timer: Timer | undefined;
  /** What continues the session, when its connection has broken. */
  #resume: ResumeOffer | undefined;
  /** The session that waits ends when nothing came of that. */
  #expiry: Timer | undefined;
  /** Another session has taken the place of the one that is ending. */
  #isReplaced = false;
  #gaveUp = false;
  #welcomed!: () => void;
  #failed!: (error: MyelinError) => void;

  constructor(endpoint: Endpoint<SessionPeer>, options: LiveClientOptions) {
    super(endpoint, endpoint.handlers, "connecting");
    this.address = formatAddress(options.address);
    this.#options = options;
    this.#backoff = new Backoff(endpoint.clock, options.retry ?? { minMs: 0, maxMs: 0 });
    this.#offline = new OfflineQueue(endpoint.clock, options.offline);
    // The server's own limits are known when it has welcomed us.
    this.#codecs = unlimitedCodecs(endpoint.registry);
    this.first = new Promise((resolve, reject) => {
      this.#welcomed = resolve;
      this.#failed = reject;
    });
    // Who connects lazily does not wait for it.
    this.first.catch(() => {});
    void this.#connect();
  }

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

  tellDetached(reason: MyelinError): void {
    const { clock } = this.endpoint;
    const windowMs = this.#resume?.windowMs ?? 0;
    clock.clearTimeout(this.#expiry);
    this.#expiry = clock.setTimeout(() => this.session?.abort(reason), windowMs);
    this.setState("detached");
    this.#later(0, reason);
  }

  tellEnd(end: SessionEnd): void {
    this.session = undefined;
    this.#resume = undefined;
    this.endpoint.clock.clearTimeout(this.#expiry);
    const { error, retry } = end;
    const { retry: own } = this.#options;
    const isOver = this.wasClosedHere || this.#gaveUp || own === undefined || retry === "never";
    if (!this.#isReplaced && (isOver || error?.code === "ERR_CLOSED")) {
      this.#over(error, end);
      return;
    }
    this.#tellGap(end);
    if (this.#isReplaced) return;
    this.setState("connecting");
    const isOnItsWay = this.#dialling !== undefined || this.#timer !== undefined;
    if (!isOnItsWay) this.#later(typeof retry === "object" ? retry.afterMs : 0, error);
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
    if (isHeld) this.#timer?.ref();
    else this.#timer?.unref();
  }

  /** What is sent while the server says goodbye goes to the session after this one. */
  protected override get accepting(): Session<SessionPeer> | undefined {
    const isLeaving = this.heardGoodbye && !this.wasClosedHere && this.#options.retry !== undefined;
    return isLeaving ? undefined : this.session;
  }

  protected sendLater(name: string, data: unknown, codec: string | undefined): boolean {
    const { policy } = this.#options.offline;
    if (this.state === "closed" || this.wasClosedHere) throw closedError();
    checkName(name);
    if (policy === "reject") throw notConnected();
    const encoded = ownCopy(this.#codecs.encode(data, codec));
    if (policy === "drop") {
      this.tellDropped(1, 0, "offline");
      return true;
    }
    const bytes = waitingBytes + encodedLength(encoded);
    this.#offline.add({
      bytes,
      run: (session) => {
        try {
          session.encodedEvent(name, encoded);
        } catch {
          // It does not fit into what this server takes, and nobody else can be told.
          this.tellDropped(1, bytes, "offline");
        }
      },
      fail: () => {},
      timeoutMs: 0,
      signal: undefined,
    });
    return this.#offline.bytes < this.endpoint.highWaterMarkBytes;
  }

  protected openLater({ request, onOpen, reject, resolve }: CallOpening): void {
    if (this.state === "closed" || this.wasClosedHere) throw closedError();
    if (this.#options.offline.policy !== "queue") throw notConnected();
    const { clock } = this.endpoint;
    const encoded = ownCopy(this.#codecs.encode(request.data, request.codec));
    const since = clock.now();
    const bytes = waitingBytes + encodedLength(encoded);
    this.#offline.add({
      bytes,
      run: (session) => {
        const { timeoutMs } = request;
        const left = timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - (clock.now() - since));
        const ready = { ...request, encoded, timeoutMs: Math.ceil(left) };
        const call: PendingCall = session.open(ready, resolve, reject);
        onOpen(call);
      },
      fail: reject,
      timeoutMs: request.timeoutMs,
      signal: request.signal,
    });
  }

  protected override async closeSession(
    how: Parameters<SessionPeer["closeSession"]>[0],
  ): Promise<void> {
    if (this.session !== undefined) {
      await super.closeSession(how);
      return;
    }
    const waiting = this.#offline.size;
    this.#over(undefined);
    if (waiting === 0) return;
    throw new MyelinError("ERR_UNDELIVERED", `${waiting} messages waited for a connection`);
  }

  async #connect(): Promise<void> {
    const { address, transport } = this.#options;
    this.#timer = undefined;
    this.#dialling = new AbortController();
    const { signal } = this.#dialling;
    try {
      const connection = await transport.dial(address, { signal });
      if (this.state === "closed") {
        connection.abort();
        return;
      }
      const { clock, keys } = this.endpoint;
      greetServer(
        connection,
        {
          clock,
          keys,
          hello: this.#hello(),
          resume: this.#resumeRequest(),
          channelBinding: channelBinding(connection),
          timeoutMs: this.#options.welcomeTimeoutMs,
        },
        (welcomed, rejection) => {
          if (this.state === "closed") connection.abort();
          else if (welcomed !== undefined) this.#enter(welcomed);
          else if (rejection !== undefined) this.#rejected(rejection);
        },
      );
      signal.addEventListener("abort", () => connection.abort(), { once: true });
    } catch (reason) {
      if (this.state === "closed") return;
      this.#dialling = undefined;
      const error = toMyelinError(reason);
      if (isForGood(error)) this.#over(error);
      else this.#later(0, error);
    }
  }

  #resumeRequest(): ResumeRequest | undefined {
    const { session } = this;
    if (session === undefined || this.#resume === undefined) return undefined;
    return { session: this.#id, token: this.#resume.token, received: session.received };
  }

  #hello(): Hello {
    const { contract } = this.endpoint;
    const { localOnly } = this.#options.transport.capabilities;
    return {
      codecs: [],
      features: this.endpoint.resumeWindow(localOnly) > 0 ? [resumeFeature] : [],
      limits: receiveLimits(this.endpoint),
      meta: this.#options.meta,
      ...(contract?.name === undefined
        ? {}
        : { contract: { name: contract.name, version: contract.version } }),
    };
  }

  #enter(welcomed: Welcomed): void {
    this.#dialling = undefined;
    const { session } = this;
    if (session !== undefined && welcomed.welcome.received !== undefined) {
      this.#comeBack(session, welcomed, welcomed.welcome.received);
      return;
    }
    if (session !== undefined) {
      this.#isReplaced = true;
      session.abort(new MyelinError("ERR_CONNECTION_LOST", "the server has forgotten the session"));
      this.#isReplaced = false;
    }
    this.#begin(welcomed);
  }

  /** The server has kept the session. */
  #comeBack(
    session: Session<SessionPeer>,
    { connection, handOn, welcome }: Welcomed,
    received: number,
  ): void {
    this.endpoint.clock.clearTimeout(this.#expiry);
    this.#resume = welcome.resume;
    this.setConnection(connection);
    this.resumptions += 1;
    this.#backoff.opened();
    try {
      session.resume(connection, received);
    } catch (reason) {
      session.abort(toMyelinError(reason));
      connection.abort();
      return;
    }
    this.setState("open");
    handOn(sinkOf(session, connection));
  }

  #begin({ connection, handOn, welcome }: Welcomed): void {
    this.#id = welcome.peer;
    this.#resume = welcome.resume;
    this.heardGoodbye = false;
    this.setConnection(connection);
    const { transport } = this.#options;
    const session = startSession<SessionPeer>({
      endpoint: this.endpoint,
      peer: this,
      handlers: this.handlers,
      connection,
      theirs: welcome.limits,
      isResumable: welcome.resume !== undefined,
      isLocal: transport.capabilities.localOnly,
      handOn,
    });
    this.session = session;
    this.#backoff.opened();
    this.#offline.flush(session);
    this.setState("open");
    this.#welcomed();
    // In a turn of its own: what follows `await connect()` may still attach handlers.
    this.endpoint.clock.setImmediate(() => session.release());
  }

  #rejected({ error, retryAfterMs }: Rejection): void {
    this.#dialling = undefined;
    if (retryAfterMs === undefined || isForGood(error)) this.#over(error);
    else this.#later(retryAfterMs ?? 0, error);
  }

  /** Tries again, unless that was the last attempt. */
  #later(atLeastMs: number, error: MyelinError | undefined): void {
    const { retry } = this.#options;
    const waitMs = Math.max(atLeastMs, this.#backoff.next());
    if (retry === undefined || this.#backoff.attempts > retry.maxAttempts) {
      this.#over(error);
      return;
    }
    this.#timer = this.endpoint.clock.setTimeout(() => void this.#connect(), waitMs);
    // Without a socket nothing else keeps a process alive that waits for its server.
    if (this.hold.isHeld) this.#timer.ref();
  }

  #over(error: MyelinError | undefined, end?: SessionEnd): void {
    if (this.state === "closed") return;
    if (this.session !== undefined) {
      // It waits for a server that will not have us.
      this.wasClosedHere ||= error === undefined;
      this.#gaveUp = true;
      this.session.abort(error);
      return;
    }
    const count = { events: this.#offline.size, calls: 0 };
    this.endpoint.clock.clearTimeout(this.#timer);
    this.finish(end ?? { error, unsent: count, unacknowledged: nothing, retry: undefined });
    this.#dialling?.abort();
    const reason = error ?? closedError();
    this.#offline.failAll(
      new MyelinError(reason.code, reason.message, { cause: reason, ran: "no" }),
    );
    this.#failed(reason);
  }
}

/** Bytes that wait are the sender's no more, unless they are too many to be copied for that. */
function ownCopy(encoded: Encoded): Encoded {
  if (typeof encoded !== "object" || encoded.body.length > limits.writeChunkBytes) return encoded;
  return { codec: encoded.codec, body: Uint8Array.prototype.slice.call(encoded.body) };
}

function notConnected(): MyelinError {
  return new MyelinError("ERR_NOT_CONNECTED", "there is no connection to the server", {
    ran: "no",
  });
}
