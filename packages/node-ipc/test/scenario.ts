// Sets up what a test needs and takes it down when the test ends: instances that share nothing,
// in a fresh folder of sockets, and ways to wait for what they do.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { freePort } from "../../../test/support/free-port.ts";
import {
  type Client,
  type Config,
  type Emitter,
  type Ipc,
  ours,
  type Peer,
  type Server,
  type Version,
} from "./versions.ts";

/** How long to wait for something that must happen. Only a test that fails waits this long. */
const SAFETY_LIMIT_MS = 8_000;

/** Rejects, naming what was awaited, when the promise is not settled in time. */
export async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), SAFETY_LIMIT_MS);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** A new folder, short enough for socket paths, with a slash at the end as node-ipc wants it. */
export function socketRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "ipc-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return `${root}/`;
}

/** A fresh, silent instance with a folder of its own. It is shut down when the test ends. */
export function open(version: Version = ours, config: Partial<Config> = {}): Ipc {
  const ipc = version.create();
  Object.assign(ipc.config, { silent: true, retry: 10, id: "world" }, config);
  if (config.socketRoot === undefined) ipc.config.socketRoot = socketRoot();
  onTestFinished(() => shutDown(ipc));
  return ipc;
}

async function shutDown(ipc: Ipc): Promise<void> {
  ipc.config.stopRetrying = true;
  for (const id of Object.keys(ipc.of)) ipc.disconnect(id);
  const server = ipc.server as Server | false;
  if (!server || !server.server) return;
  for (const socket of server.sockets) socket.destroy?.();
  try {
    await inTime(
      new Promise<void>((resolve) => {
        server.server.close(() => resolve());
      }),
      "a server to close",
    );
  } catch (error) {
    // A datagram socket that is closed already says so by throwing.
    if ((error as NodeJS.ErrnoException).code !== "ERR_SOCKET_DGRAM_NOT_RUNNING") throw error;
  }
}

/** Everything one emitter fires under one name, from now on. */
export class Collected<Args extends unknown[] = unknown[]> {
  readonly calls: Args[] = [];
  readonly #what: string;
  readonly #waiting = new Set<() => void>();

  constructor(source: Emitter, type: string) {
    this.#what = type;
    source.on(type, (...args: never[]) => {
      this.calls.push(args as unknown[] as Args);
      for (const check of this.#waiting) check();
    });
  }

  /** The first argument of every call: for application events, the data. */
  get data(): Args[0][] {
    return this.calls.map((args) => args[0]);
  }

  /** Resolves once it was fired so many times in all. */
  async atLeast(count: number): Promise<Args[]> {
    const done = new Promise<void>((resolve) => {
      const check = () => {
        if (this.calls.length < count) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
    await inTime(done, `"${this.#what}" to be fired ${count} times`);
    return this.calls;
  }
}

export function collect<Args extends unknown[] = unknown[]>(source: Emitter, type: string) {
  return new Collected<Args>(source, type);
}

/** The arguments of the next event under this name. */
export async function next<Args extends unknown[] = unknown[]>(
  source: Emitter,
  type: string,
): Promise<Args> {
  const fired = new Promise<Args>((resolve) => {
    const handler = (...args: never[]) => {
      source.off(type, handler);
      resolve(args as unknown[] as Args);
    };
    source.on(type, handler);
  });
  return inTime(fired, `"${type}"`);
}

/** Resolves once the condition holds, for what fires no event. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + SAFETY_LIMIT_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Starts the instance's server; resolves when it listens, rejects when it cannot. */
export async function start(ipc: Ipc): Promise<Server> {
  const { server } = ipc;
  const listening = new Promise<void>((resolve, reject) => {
    const settle = (error?: unknown) => {
      server.off("start", onStart);
      server.off("error", onError);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onStart = () => settle();
    const onError = (error: unknown) => settle(error);
    server.on("start", onStart);
    server.on("error", onError);
  });
  server.start();
  await inTime(listening, "the server to start");
  return server;
}

/** A local server of this instance, listening, under its own id or a path. */
export function serveLocal(ipc: Ipc, path?: string): Promise<Server> {
  ipc.serve(path);
  return start(ipc);
}

/** A TCP server on a port of loopback that was free a moment ago: 0 counts as left out. */
export async function serveTcp(ipc: Ipc): Promise<Server> {
  ipc.serveNet("127.0.0.1", await freePort());
  return start(ipc);
}

/** A UDP server that is bound: 9.2.1 fires "start" before it is, and "connect" when it is. */
export async function serveUdp(ipc: Ipc, type: "udp4" | "udp6" = "udp4"): Promise<Server> {
  const host = type === "udp4" ? "127.0.0.1" : "::1";
  ipc.serveNet(host, await freePort(type), type);
  const bound = next(ipc.server, "connect");
  await start(ipc);
  await bound;
  return ipc.server;
}

/** Connects to the local server with this id and waits until the connection stands. */
export async function connectLocal(ipc: Ipc, id = "world", path?: string): Promise<Client> {
  ipc.connectTo(id, path);
  return connected(ipc, id);
}

export async function connectTcp(ipc: Ipc, port: number, id = "world"): Promise<Client> {
  ipc.connectToNet(id, "127.0.0.1", port);
  return connected(ipc, id);
}

/** The client with this id, at once: `of` is typed as having all of them. */
export function clientOf(ipc: Ipc, id = "world"): Client {
  const client = ipc.of[id];
  if (!client) throw new Error(`no client ${id}`);
  return client;
}

async function connected(ipc: Ipc, id: string): Promise<Client> {
  const client = clientOf(ipc, id);
  await next(client, "connect");
  return client;
}

export interface Pair {
  readonly server: Server;
  readonly serving: Ipc;
  readonly client: Client;
  readonly connecting: Ipc;
  /** The server's end of the connection. */
  readonly peer: Peer;
}

/** Whatever the action fails with: some failures are thrown, others are an "error" event. */
export async function failureOf(
  source: () => Emitter | false | undefined,
  act: () => void,
): Promise<NodeJS.ErrnoException> {
  try {
    act();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  const emitter = source();
  if (!emitter) throw new Error("neither thrown nor anything to listen to");
  const [error] = await next<[NodeJS.ErrnoException]>(emitter, "error");
  return error;
}

/** A server and a connected client, each with an instance of its own. */
export async function pair(
  version: Version = ours,
  config: Partial<Config> = {},
  clientConfig: Partial<Config> = {},
): Promise<Pair> {
  const serving = open(version, config);
  const connecting = open(version, {
    ...config,
    socketRoot: serving.config.socketRoot,
    ...clientConfig,
  });
  const server = await serveLocal(serving);
  const accepted = next<[Peer]>(server, "connect");
  const client = await connectLocal(connecting);
  const [peer] = await accepted;
  return { server, serving, client, connecting, peer };
}
