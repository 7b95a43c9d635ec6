/**
 * A client, `ipc.of[id]`: keeps a connection to one server, across its restarts, and sends what was
 * emitted meanwhile when the server is back.
 */
import type { Socket } from "node:net";
import type { SocketConnection } from "myelin";
import { bindMethods } from "./bind-methods.ts";
import type { Defaults, WireParser } from "./defaults.ts";
import { Events, eventMethods } from "./events.ts";
import { clientEvents, heldBack } from "./inbound.ts";
import { type Log, log } from "./log.ts";
import { type Frame, OfflineQueue, QueueBound, sizeOf } from "./offline-queue.ts";
import { createParser } from "./parser/create-parser.ts";
import { IPCProtocolError, toIpcError } from "./protocol-error.ts";
import { RequestQueue } from "./request-queue.ts";
import { RetryBudget } from "./retry-budget.ts";
import { clientRoute } from "./route.ts";
import { Wire, type WireOwner, type WireRules } from "./wire.ts";

/** How long `disconnect` waits for the last bytes. */
const lingerMs = 1_000;
const closeTimeoutMs = 5_000;

const methods = ["connect", "emit", "flush", "close", "disconnect", "ref", "unref"] as const;

type Phase = "idle" | "dialling" | "connected" | "waiting" | "ended";

export class Client extends Events implements WireOwner {
  /** The class itself, as programs of node-ipc reach it. */
  readonly Client: typeof Client = Client;
  readonly config: Defaults;
  readonly log: Log;
  id = "";
  /** The socket's path, or the host when there is a port. */
  path = "";
  port: number | undefined = undefined;
  /** The real socket; false before the first attempt. */
  socket: Socket | false = false;
  /** Requests of sync mode that wait for their turn. */
  readonly queue: RequestQueue = new RequestQueue();
  retriesRemaining: number;
  explicitlyDisconnected = false;

  #phase: Phase = "idle";
  #parser: WireParser;
  #rules: WireRules | undefined;
  #wire: Wire | undefined;
  #dial: AbortController | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #retries: RetryBudget;
  readonly #offline = new OfflineQueue();
  readonly #requestBound = new QueueBound();
  #requestBytes = 0;
  /** The frame of each task of the queue, for a client that takes this one's place. */
  readonly #frameOf = new WeakMap<() => void, Frame>();
  #hasConnected = false;
  #toldClosed = false;
  #fatal = false;
  #isReferenced = true;
  /** Messages that the ends of this client have cost. */
  #lost = 0;
  #endWaiters: (() => void)[] = [];
  #drainWaiters: (() => void)[] = [];

  constructor(config: Defaults, logger?: Log) {
    super();
    this.config = config;
    this.log = logger ?? ((...args) => log(config, ...args));
    this.#retries = new RetryBudget(config);
    this.retriesRemaining = this.#retries.remaining;
    // A wrong configuration is the caller's mistake: told here, not in an event.
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
    if (this.#phase === "dialling" || this.#phase === "connected") return this.socket;
    clearTimeout(this.#retryTimer);
    this.#phase = "dialling";
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
    if (!this.config.silent) this.#logMessage("dispatching event to", type, data);
    const frame = this.#parser.encode(type, data);
    const wire = this.#wire;
    if (this.config.sync) return this.#request(frame, wire);
    if (wire !== undefined && wire.usable) return wire.write(frame);
    return this.#keep(frame);
  }

  /**
   * Resolves when the system has taken everything that was emitted before.
   * @throws {IPCProtocolError} `ERR_IPC_UNDELIVERED` when the client ended first.
   */
  async flush(): Promise<void> {
    const lostBefore = this.#lost;
    while (this.#offline.size > 0 || this.queue.size > 0 || this.queue.running) {
      if (this.#phase === "ended" || this.#phase === "idle") throw this.#undelivered();
      await new Promise<void>((resolve) => {
        this.#drainWaiters.push(resolve);
      });
    }
    if (this.#lost > lostBefore) throw this.#undelivered(this.#lost - lostBefore);
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
      if (this.#phase !== "ended")
        await withTimeout(this.flush(), timeoutMs, () => this.#undelivered());
      this.explicitlyDisconnected = true;
      await this.#wire?.connection.close({ timeoutMs: Math.max(1, deadline - Date.now()) });
    } catch (error) {
      throw toIpcError(error);
    } finally {
      this.disconnect();
      await this.#ended();
    }
  }

  /** Ends the connection, after what was emitted; `disconnect` and `destroy` follow. */
  disconnect(): void {
    this.explicitlyDisconnected = true;
    clearTimeout(this.#retryTimer);
    if (this.#phase === "connected") this.#linger(this.#wire as Wire);
    else if (this.#phase === "dialling" && this.#offline.size > 0) this.#giveUpLater();
    else if (this.#phase === "dialling") this.#dial?.abort();
    else if (this.#phase === "waiting") setImmediate(() => this.#end());
    else this.#phase = "ended";
  }

  /** The process may end although this client is connected or waits to retry. */
  unref(): this {
    this.#isReferenced = false;
    this.#applyReference();
    return this;
  }

  ref(): this {
    this.#isReferenced = true;
    this.#applyReference();
    return this;
  }

  /** Another client takes this one's place: it goes silently. @internal */
  replaceBy(successor: Client): void {
    clearTimeout(this.#retryTimer);
    this.explicitlyDisconnected = true;
    this.#phase = "ended";
    successor.#offline.adopt(this.#offline);
    successor.queue.stop = true;
    for (const task of this.queue.contents.splice(0)) {
      const frame = this.#frameOf.get(task);
      if (frame !== undefined) successor.#enqueue(frame);
    }
    this.reset();
  }

  /** A connection stands or is being made. @internal */
  get isLive(): boolean {
    return this.#phase === "dialling" || (this.#phase === "connected" && !this.#socketGone());
  }

  onMessage(_wire: Wire, type: string, data: unknown): void {
    if (this.config.logPayloads) this.log("received event", type, data);
    this.dispatch(type, data, undefined, 1);
    if (this.config.sync) this.#answered();
  }

  onRaw(_wire: Wire, bytes: Buffer): void {
    this.dispatch("data", bytes, undefined, 1);
    if (this.config.sync) this.#answered();
  }

  onWireError(wire: Wire, error: Error): void {
    // After a breach the same server would only breach again.
    if (wire.connection.socket.destroyed) this.#fatal = true;
    this.#tellError(error);
  }

  onWireClose(_wire: Wire, error: Error | undefined): void {
    this.#wire = undefined;
    // The request that was not answered is given up; the rest waits for the next connection.
    this.queue.stop = true;
    if (this.queue.running) this.queue.next();
    if (error !== undefined) this.#tellError(error);
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
    const { transport, address } = clientRoute({
      path,
      port,
      config,
      profile: this.#parser.profile,
    });
    const onSocket = (socket: Socket): void => {
      this.socket = socket;
      this.#applyReference();
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
    if (!this.#hasConnected || this.explicitlyDisconnected) this.#sendQueued(wire);
    this.#hasConnected = true;
    if (this.explicitlyDisconnected) {
      wire.open();
      this.#linger(wire);
      return;
    }
    this.publish("connect");
    this.#sendQueued(wire);
    wire.open();
  }

  #failed(reason: unknown, wasAborted: boolean): void {
    if (this.#phase !== "dialling") return;
    const error = toIpcError(reason);
    // Trying again cannot mend a path that is too long or a certificate that is not there.
    this.#fatal = error instanceof IPCProtocolError;
    if (!wasAborted) this.#tellError(error);
    if (this.config.offline === "drop") this.#offline.takeAll();
    this.#closed();
  }

  #closed(): void {
    if (this.#phase === "ended") return;
    const { config } = this;
    this.#phase = "waiting";
    const mayRetry = !this.explicitlyDisconnected && !this.#fatal;
    const retries = mayRetry && this.#retries.take(this.retriesRemaining);
    this.retriesRemaining = this.#retries.remaining;
    if (!retries) {
      this.#end();
      return;
    }
    if (!config.silent) this.log("connection closed", this.id, this.path, "retrying");
    this.#retryTimer = setTimeout(() => this.#retry(), config.retry);
    this.#applyReference();
    this.publish("disconnect");
  }

  #retry(): void {
    if (this.explicitlyDisconnected) return;
    // A program may have said stop while we waited.
    if (this.config.stopRetrying === true) this.#destroyed();
    else this.connect();
  }

  #end(): void {
    if (this.#phase === "ended") return;
    if (!this.config.silent) this.log("client", this.id, "ended; no further attempt");
    this.publish("disconnect");
    this.#destroyed();
  }

  #destroyed(): void {
    this.#phase = "ended";
    const lost = this.#offline.takeAll().length + this.queue.size;
    this.queue.clear();
    this.#lost += lost;
    if (lost > 0) this.#tellError(this.#undelivered(lost));
    this.publish("destroy");
    for (const resolve of [...this.#endWaiters.splice(0), ...this.#drainWaiters.splice(0)])
      resolve();
  }

  /** Takes a message for later, or says why not. */
  #keep(frame: Frame): boolean {
    if (!this.#mayKeep()) return false;
    const refusal = this.#offline.add(frame, this.config);
    if (refusal?.error !== undefined) this.#tellError(refusal.error);
    return refusal === undefined;
  }

  /** Whether messages are kept while there is no connection; says so where the program is to know. */
  #mayKeep(): boolean {
    if (this.#phase === "ended" || this.#phase === "idle" || this.explicitlyDisconnected) {
      if (this.#toldClosed) return false;
      this.#toldClosed = true;
      const message = "the client is closed: nothing is sent until it connects again";
      this.#tellError(new IPCProtocolError("ERR_IPC_CLOSED", message));
      return false;
    }
    const { offline } = this.config;
    // As of old: what is emitted while an attempt runs goes with it, or is lost with it.
    if (offline === "drop") return this.#phase === "dialling";
    if (offline !== "reject" && !(this.#parser.raw && this.#hasConnected)) return true;
    const message = "not connected: the message was not accepted";
    this.#tellError(new IPCProtocolError("ERR_IPC_NOT_CONNECTED", message));
    return false;
  }

  #sendQueued(wire: Wire): void {
    for (const frame of this.#offline.takeAll()) wire.write(frame);
    this.#requestBound.reset();
    this.queue.stop = false;
    if (!this.queue.running) this.queue.next();
    this.#tellDrained();
  }

  /** Sync mode: the message leaves when the answer to the one before is there. */
  #request(frame: Frame, wire: Wire | undefined): boolean {
    if (wire === undefined) {
      if (!this.#mayKeep()) return false;
      this.queue.stop = true;
    }
    return this.#enqueue(frame) && (wire?.writable ?? true);
  }

  #enqueue(frame: Frame): boolean {
    if (this.queue.size === 0) this.#requestBytes = 0;
    const held = { messages: this.queue.size, bytes: this.#requestBytes };
    const refusal = this.#requestBound.refusal(frame, held, this.config);
    if (refusal !== undefined) {
      if (refusal.error !== undefined) this.#tellError(refusal.error);
      return false;
    }
    this.#requestBytes += sizeOf(frame);
    const send = (): void => {
      this.#requestBytes -= sizeOf(frame);
      this.#wire?.write(frame);
    };
    this.#frameOf.set(send, frame);
    this.queue.add(send);
    return true;
  }

  #answered(): void {
    this.queue.next();
    if (!this.queue.running) this.#tellDrained();
  }

  #tellDrained(): void {
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  /** Ends after the bytes that wait, or after a second without them. */
  #linger(wire: Wire): void {
    const { connection } = wire;
    const { socket } = connection;
    wire.mute();
    wire.flush();
    const timer = setTimeout(() => connection.abort(), lingerMs);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
    socket.destroySoon();
  }

  #giveUpLater(): void {
    const dial = this.#dial;
    const timer = setTimeout(() => dial?.abort(), lingerMs);
    this.once("destroy", () => clearTimeout(timer));
  }

  #ended(): Promise<void> {
    if (this.#phase === "ended") return Promise.resolve();
    return new Promise((resolve) => {
      this.#endWaiters.push(resolve);
    });
  }

  #socketGone(): boolean {
    return this.socket === false || this.socket.destroyed;
  }

  #applyReference(): void {
    const method = this.#isReferenced ? "ref" : "unref";
    if (this.socket !== false) this.socket[method]();
    this.#retryTimer?.[method]();
  }

  #undelivered(count?: number): IPCProtocolError {
    const message = "the client ended before everything was delivered";
    return new IPCProtocolError(
      "ERR_IPC_UNDELIVERED",
      message,
      count === undefined ? {} : { count },
    );
  }

  #tellError(error: Error): void {
    if (!this.config.silent) this.log("client", this.id, this.path, error.message);
    this.publish("error", error);
  }

  #logMessage(action: string, type: unknown, data: unknown): void {
    const { config } = this;
    const name = this.#parser.raw ? "<raw-buffer>" : type;
    if (config.logPayloads) this.log(action, this.id, this.path, ":", name, data);
    else this.log(action, this.id, this.path, ":", name);
  }
}

async function withTimeout<Value>(
  promise: Promise<Value>,
  timeoutMs: number,
  error: () => Error,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(error()), timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
