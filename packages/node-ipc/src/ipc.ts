/** One instance of node-ipc: a configuration, its clients, and at most one server. */
import { datagramArguments, localArguments, networkArguments } from "./call-arguments.ts";
import { Client } from "./client.ts";
import { Defaults } from "./defaults.ts";
import { type Log, log } from "./log.ts";
import { IPCProtocolError } from "./protocol-error.ts";
import { Server } from "./server.ts";
import { socketRoot } from "./socket-root.ts";

type Callback = (...args: unknown[]) => unknown;

export class IPC {
  // Own properties: `import * as ipc` and `{ ...ipc }` copy nothing else.
  declare config: Defaults;
  declare of: Record<string, Client>;
  declare server: Server | false;
  declare readonly log: Log;
  declare readonly connectTo: (...args: unknown[]) => void;
  declare readonly connectToNet: (...args: unknown[]) => void;
  declare readonly disconnect: (id: string) => void;
  declare readonly serve: (...args: unknown[]) => void;
  declare readonly serveNet: (...args: unknown[]) => void;
  declare readonly flush: () => Promise<void>;
  declare readonly close: (options?: { timeoutMs?: number }) => Promise<void>;

  /** Clients that were told to disconnect and still deliver. */
  readonly #leaving = new Set<Client>();

  constructor() {
    const state = {
      config: new Defaults(),
      of: Object.create(null) as Record<string, Client>,
      server: false as Server | false,
    };
    for (const [name, value] of Object.entries(state)) {
      // Configurable: programs extend the class and declare fields of these names.
      const shape = { value, enumerable: true, writable: true, configurable: true };
      Object.defineProperty(this, name, shape);
    }
    const methods = {
      log: this.#log,
      connectTo: this.#connectTo,
      connectToNet: this.#connectToNet,
      disconnect: this.#disconnect,
      serve: this.#serve,
      serveNet: this.#serveNet,
      flush: this.#flush,
      close: this.#close,
    };
    for (const [name, method] of Object.entries(methods)) {
      const value = (method as Callback).bind(this);
      Object.defineProperty(this, name, { value, enumerable: true, writable: false });
    }
  }

  #log(...args: unknown[]): void {
    log(this.config, ...args);
  }

  #connectTo(id: unknown, ...args: unknown[]): void {
    const { path, callback } = localArguments(args);
    this.#connect(id, callback, (client, name) => {
      client.path = path ?? socketRoot(this.config) + this.config.appspace + name;
    });
  }

  #connectToNet(id: unknown, ...args: unknown[]): void {
    const { host, port, callback } = networkArguments(args);
    this.#connect(id, callback, (client) => {
      client.path = host ?? this.config.networkHost;
      client.port = port ?? this.config.networkPort;
    });
  }

  #connect(id: unknown, callback: Callback, aim: (client: Client, id: string) => void): void {
    if (id === undefined || id === null || id === false || id === "") {
      this.log("service id required; no connection is attempted");
      return;
    }
    const name = String(id);
    const before = this.of[name];
    if (before?.isLive) {
      this.log("already connected to", name);
      callback(this);
      return;
    }
    const client = new Client(this.config, this.log);
    client.id = name;
    aim(client, name);
    before?.replaceBy(client);
    this.of[name] = client;
    client.connect();
    callback(this);
  }

  #disconnect(id: string): void {
    const client = this.of[id];
    if (client === undefined) return;
    delete this.of[id];
    this.#leaving.add(client);
    client.disconnect();
    void client.ended().then(() => this.#leaving.delete(client));
  }

  #serve(...args: unknown[]): void {
    const { path, callback } = localArguments(args);
    const { config } = this;
    const usual = (): string => socketRoot(config) + config.appspace + config.id;
    this.server = new Server(path ?? usual(), config, this.log);
    this.server.on("start", callback);
  }

  #serveNet(...args: unknown[]): void {
    const { host, port, datagram, callback } = datagramArguments(args);
    const { config } = this;
    // An IPv4 socket cannot be bound to the IPv6 loopback address, which older configurations name.
    const usual = host ?? config.networkHost;
    const path = datagram === "udp4" && usual === "::1" ? "127.0.0.1" : usual;
    const server = new Server(path, config, this.log, port ?? config.networkPort);
    if (datagram !== undefined) server[datagram] = true;
    server.on("start", callback);
    this.server = server;
  }

  /** Resolves when the system has taken everything that this instance emitted before. */
  async #flush(): Promise<void> {
    const server = this.server === false ? [] : [this.server];
    const clients = [...Object.values(this.of), ...this.#leaving];
    await allOf([...clients, ...server].map((each) => each.flush()));
  }

  /** Delivers everything, then ends the clients and the server. */
  async #close(options: { timeoutMs?: number } = {}): Promise<void> {
    const clients = Object.entries(this.of);
    const server = this.server === false ? [] : [this.server];
    const closing = [...clients.map(([, client]) => client), ...this.#leaving, ...server];
    try {
      await allOf(closing.map((each) => each.close(options)));
    } finally {
      // Not before: handlers of what still arrives may use it.
      for (const [id, client] of clients) if (this.of[id] === client) delete this.of[id];
    }
  }
}

/** Waits for all of them, then throws what went wrong, counted. */
async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const reasons = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason] : [],
  );
  if (reasons.length === 0) return;
  if (reasons.length === 1) throw reasons[0];
  const message = `${reasons.length} endpoints ended before everything was delivered`;
  throw new IPCProtocolError("ERR_IPC_UNDELIVERED", message, {
    cause: reasons[0],
    count: reasons.length,
  });
}

/** The class of the object that `require` gives: an instance that also knows its class. */
export class IPCModule extends IPC {
  readonly IPC: typeof IPC = IPC;
}
