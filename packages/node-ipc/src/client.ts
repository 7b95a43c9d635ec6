/**
 * A client, `ipc.of[id]`: keeps a connection to one server, across its restarts, and sends what was
 * emitted meanwhile when the server is back.
 */
import type { Socket } from "node:net";
import type { SocketConnection } from "myelin";
import { bindMethods } from "./bind-methods.ts";
import { checkConfig } from "./check-config.ts";
import { closeTimeoutMs, longestTimerMs, withDeadline } from "./deadline.ts";
import type { Defaults, WireParser } from "./defaults.ts";
import { Endpoint } from "./endpoint.ts";
import { eventMethods } from "./events.ts";
import { clientEvents, heldBack } from "./inbound.ts";
import type { Log } from "./log.ts";
import { Outbox } from "./outbox.ts";
import { createParser } from "./parser/create-parser.ts";
import { IPCProtocolError, toIpcError } from "./protocol-error.ts";
import type { RequestQueue } from "./request-queue.ts";
import { RetryBudget } from "./retry-budget.ts";
import { clientRoute } from "./route.ts";
import { lingerMs, Wire, type WireOwner, type WireRules } from "./wire.ts";

const methods = ["connect", "emit", "flush", "close", "disconnect", "ref", "unref"] as const;

/**
 * `waiting`: between two attempts. `ended`: no attempt will come by itself. A client that was told
 * to disconnect passes through `connected` or `dialling` until its last bytes are out.
 */
type Phase = "idle" | "dialling" | "connected" | "waiting" | "ended";

export class Client extends Endpoint implements WireOwner {
  /** The class itself, as programs of node-ipc reach it. */
  readonly Client: typeof Client = Client;
  id = "";
  /** The socket's path, or the host when there is a port. */
  path = "";
  port: number | undefined = undefined;
  /** The real socket; false before the first attempt. */
  socket: Socket | false = false;
  /** Requests of sync mode that wait for their turn. */
  readonly queue: RequestQueue;
  retriesRemaining: number;
  explicitlyDisconnected = false;

  #phase: Phase = "idle";
  #parser: WireParser;
  #rules: WireRules | undefined;
  #wire: Wire | undefined;
  #dial: AbortController | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #retries: RetryBudget;
  readonly #outbox: Outbox;
  #hasConnected = false;
  /** `connect` was called while the last connection was still ending. */
  #connectsAgain = false;
  #toldClosed = false;
  /** The last attempt or connection failed in a way that another attempt would only repeat. */
  #isHopeless = false;
  #isReferenced = true;
  #endWaiters: (() => void)[] = [];

  constructor(config: Defaults, logger?: Log) {
    super(config, logger);
    this.#retries = new RetryBudget(config);
    this.retriesRemaining = this.#retries.remaining;
    this.#outbox = new Outbox(config, (error) => this.tellError(error));
    this.queue = this.#outbox.requests;
    // A wrong configuration is the caller's mistake: told here, not in an event.
    checkConfig(config);
    this.#parser = createParser(config);
    bindMethods(this, [...eventMethods, ...methods]);
  }

  /** Starts an attempt, unless one is running or the connection stands. */
  connect(): Socket | false {
    const { config } = this;
    if (!this.path) {
      this.log("client", this.id, "has no path to connect to");
      return false;
    }
    if (this.#phase === "dialling" || this.#phase === "connected") {
      this.#connectsAgain = this.explicitlyDisconnected;
      return this.socket;
    }
    clearTimeout(this.#retryTimer);
    this.#phase = "dialling";
    this.explicitlyDisconnected = false;
    this.#isHopeless = false;
    this.#toldClosed = false;
    this.#parser = createParser(config);
    this.#rules = { parser: this.#parser, heldBack: heldBack(clientEvents, config) };
    if (!config.silent) this.log("connecting client", this.id, "to", this.path, this.port ?? "");
    void this.#attempt();
    return this.socket;
  }

  /**
   * Sends an event to the server; queues it while there is no connection and one may come.
   * In raw mode `type` is the bytes.
   * @returns false when the socket is over its high-water mark or the message was not accepted.
   */
  emit(type: unknown, data?: unknown): boolean {
    const { config } = this;
    if (!config.silent) {
      const line = ["dispatching event to", this.id, this.path, ":"];
      this.logMessage(line, this.#parser.raw === true, type, data);
    }
    const frame = this.#parser.encode(type, data);
    const wire = this.#wire;
    if (config.sync) {
      if (wire === undefined && !this.#mayKeep()) return false;
      return this.#outbox.request(frame) && (wire?.writable ?? true);
    }
    if (wire?.usable) return wire.write(frame);
    return this.#mayKeep() && this.#outbox.keep(frame);
  }

  /**
   * Resolves when the system has taken everything that was emitted before.
   * @throws {IPCProtocolError} `ERR_IPC_UNDELIVERED` when the client ended first.
   */
  async flush(): Promise<void> {
    const outbox = this.#outbox;
    const lostBefore = outbox.lost;
    while (!outbox.isEmpty) {
      if (this.#phase === "ended" || this.#phase === "idle") throw undelivered();
      await outbox.changed();
    }
    if (outbox.lost > lostBefore) throw undelivered(outbox.lost - lostBefore);
    await this.#wire?.flushed();
  }

  /**
   * Delivers what was emitted, ends the connection and does not come back.
   * @param options `timeoutMs`: at most so long, 5,000 by default.
   * @throws {IPCProtocolError} `ERR_IPC_UNDELIVERED` when something was left.
   */
  async close(options: { timeoutMs?: number } = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? closeTimeoutMs;
    const deadline = Date.now() + timeoutMs;
    try {
      if (this.#phase !== "ended") await withDeadline(this.flush(), timeoutMs, undelivered);
      this.explicitlyDisconnected = true;
      // Also what was emitted since; from here on nothing more is accepted.
      this.#wire?.flush();
      await this.#wire?.connection.close({ timeoutMs: Math.max(1, deadline - Date.now()) });
    } catch (error) {
      // The time is over: nothing lingers.
      this.#wire?.connection.abort();
      throw toIpcError(error);
    } finally {
      this.disconnect();
      await this.ended();
    }
  }

  /** Ends the connection, after what was emitted; `disconnect` and `destroy` follow. */
  disconnect(): void {
    this.explicitlyDisconnected = true;
    this.#connectsAgain = false;
    clearTimeout(this.#retryTimer);
    if (this.#phase === "connected") this.#leave();
    else if (this.#phase === "dialling" && !this.#outbox.isEmpty) this.#giveUpLater();
    else if (this.#phase === "dialling") this.#dial?.abort();
    else if (this.#phase === "waiting") setImmediate(() => this.#endWaiting());
    else this.#phase = "ended";
  }

  /** The process may end although this client is connected or waits to retry. */
  unref(): this {
    return this.#reference(false);
  }

  ref(): this {
    return this.#reference(true);
  }

  /** Another client takes this one's place: it goes silently. @internal */
  replaceBy(successor: Client): void {
    clearTimeout(this.#retryTimer);
    this.explicitlyDisconnected = true;
    this.#phase = "ended";
    successor.#outbox.adopt(this.#outbox);
    this.#tellEnded();
    this.reset();
  }

  /** Resolves when the client has ended. @internal */
  ended(): Promise<void> {
    if (this.#phase === "ended") return Promise.resolve();
    return new Promise((resolve) => {
      this.#endWaiters.push(resolve);
    });
  }

  /** A connection stands or is being made. @internal */
  get isLive(): boolean {
    if (this.#phase === "dialling") return true;
    return this.#phase === "connected" && this.socket !== false && !this.socket.destroyed;
  }

  onMessage(_wire: Wire, type: string, data: unknown): void {
    if (this.config.logPayloads) this.log("received event", type, data);
    this.dispatch(type, data, undefined, 1);
    if (this.config.sync) this.#outbox.answered();
  }

  onRaw(_wire: Wire, bytes: Buffer): void {
    this.dispatch("data", bytes, undefined, 1);
    if (this.config.sync) this.#outbox.answered();
  }

  onWireError(wire: Wire, error: Error): void {
    // After a breach the same server would only breach again; a slow one may do better next time.
    const isSlow = error instanceof IPCProtocolError && error.code === "ERR_IPC_BACKPRESSURE";
    if (wire.connection.socket.destroyed && !isSlow) this.#isHopeless = true;
    this.tellError(error);
  }

  onWireClose(_wire: Wire, error: Error | undefined): void {
    this.#wire = undefined;
    this.#outbox.suspend();
    if (error !== undefined) this.tellError(error);
    this.#closed();
  }

  async #attempt(): Promise<void> {
    const dial = new AbortController();
    this.#dial = dial;
    try {
      this.#connected(await this.#dialWith(dial.signal));
    } catch (reason) {
      this.#failed(reason, dial.signal.aborted);
    }
  }

  /** Never throws at once: the caller has not had the time to listen for `error`. */
  async #dialWith(signal: AbortSignal): Promise<SocketConnection> {
    const { path, port, config } = this;
    const { profile } = this.#parser;
    const { transport, address } = clientRoute({ path, port, config, profile });
    const onSocket = (socket: Socket): void => {
      this.socket = socket;
      this.#reference(this.#isReferenced);
    };
    return await transport.dial(address, { signal, onSocket });
  }

  #connected(connection: SocketConnection): void {
    if (this.#phase !== "dialling") {
      connection.abort();
      return;
    }
    const wire = new Wire(connection, this, this.#rules as WireRules);
    this.#wire = wire;
    this.#phase = "connected";
    this.#retries.reset();
    this.retriesRemaining = this.#retries.remaining;
    // What was emitted before the first connection goes ahead of what its handlers emit; later,
    // handlers introduce this client to the new server first.
    const isFirst = !this.#hasConnected;
    this.#hasConnected = true;
    if (isFirst || this.explicitlyDisconnected) this.#outbox.sendTo(wire);
    if (!this.explicitlyDisconnected) this.publish("connect");
    // A handler may have ended it.
    if (this.#wire !== wire) return;
    if (wire.usable) this.#outbox.sendTo(wire);
    wire.open();
    if (this.explicitlyDisconnected) wire.linger();
  }

  #failed(reason: unknown, wasAborted: boolean): void {
    if (this.#phase !== "dialling") return;
    const error = toIpcError(reason);
    // Trying again cannot mend a path that is too long or a certificate that is not there.
    this.#isHopeless = error instanceof IPCProtocolError;
    if (!wasAborted) this.tellError(error);
    if (this.config.offline === "drop") this.#outbox.drop();
    this.#closed();
  }

  #closed(): void {
    if (this.#phase === "ended") return;
    const { config } = this;
    const mayRetry = !this.explicitlyDisconnected && !this.#isHopeless;
    const retries = mayRetry && this.#retries.take(this.retriesRemaining);
    this.retriesRemaining = this.#retries.remaining;
    this.#phase = retries ? "waiting" : "ended";
    if (!config.silent) this.log("connection closed", this.id, this.path, this.#phase);
    if (retries) {
      this.#retryTimer = setTimeout(() => this.#retry(), Math.min(config.retry, longestTimerMs));
      this.#reference(this.#isReferenced);
    }
    this.publish("disconnect");
    if (!retries) this.#destroyed();
  }

  #retry(): void {
    // A program may have said stop while we waited.
    if (this.config.stopRetrying === true) this.#endWaiting(false);
    else this.connect();
  }

  /** Ends between two attempts. */
  #endWaiting(tellsDisconnect = true): void {
    if (this.#phase !== "waiting") return;
    this.#phase = "ended";
    if (tellsDisconnect) this.publish("disconnect");
    this.#destroyed();
  }

  #destroyed(): void {
    const again = this.#connectsAgain;
    this.#connectsAgain = false;
    const lost = again ? 0 : this.#outbox.abandon();
    if (lost > 0) this.tellError(undelivered(lost));
    this.publish("destroy");
    this.#tellEnded();
    if (again && this.#phase === "ended") this.connect();
  }

  /** Whether messages are kept while there is no connection; says so where the program is to know. */
  #mayKeep(): boolean {
    const isOver = this.#phase === "ended" || this.#phase === "idle" || this.explicitlyDisconnected;
    if (isOver && !this.#connectsAgain) {
      if (this.#toldClosed) return false;
      this.#toldClosed = true;
      const message = "the client is closed: nothing is sent until it connects again";
      this.tellError(new IPCProtocolError("ERR_IPC_CLOSED", message));
      return false;
    }
    const { offline } = this.config;
    // As of old: what is emitted while an attempt runs goes with it, or is lost with it.
    if (offline === "drop") return this.#phase === "dialling";
    if (offline !== "reject" && !(this.#parser.raw && this.#hasConnected)) return true;
    const message = "not connected: the message was not accepted";
    this.tellError(new IPCProtocolError("ERR_IPC_NOT_CONNECTED", message));
    return false;
  }

  #leave(): void {
    const wire = this.#wire;
    if (wire?.usable) this.#outbox.sendTo(wire);
    wire?.linger();
  }

  /** What was emitted goes out with the attempt that runs, if it succeeds soon. */
  #giveUpLater(): void {
    const dial = this.#dial;
    setTimeout(() => dial?.abort(), lingerMs).unref();
  }

  #tellEnded(): void {
    for (const resolve of this.#endWaiters.splice(0)) resolve();
  }

  #reference(isReferenced: boolean): this {
    this.#isReferenced = isReferenced;
    const method = isReferenced ? "ref" : "unref";
    if (this.socket !== false) this.socket[method]();
    this.#retryTimer?.[method]();
    return this;
  }
}

function undelivered(count?: number): IPCProtocolError {
  const message = "the client ended before everything was delivered";
  const extra = count === undefined ? {} : { count };
  return new IPCProtocolError("ERR_IPC_UNDELIVERED", message, extra);
}
