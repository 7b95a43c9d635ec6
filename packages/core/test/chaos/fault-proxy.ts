/**
 * Stands between clients and a server, as a network does, and breaks what goes through it: each
 * connection gets its fate when it is made, drawn from the seed, and meets it at a byte of its own.
 * With no faults left it only passes on.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { SeededRandom } from "../../src/testing/seeded-random.ts";
import type { Place } from "./place.ts";
import { ProxyLane } from "./proxy-lane.ts";

export interface FaultProxyOptions {
  readonly random: SeededRandom;
  /** Connections that will break; later ones stand. */
  readonly faults: number;
  /** What stalls, or is half open, stays so for at most so long. @defaultValue 40 */
  readonly maxStallMs?: number;
  /** A free port of this machine without it. */
  readonly path?: string;
}

/** How a connection breaks, and how often one did so. */
export const fates = ["cut", "reset", "client only", "server only", "stall and cut"] as const;
export type Fate = (typeof fates)[number];

export class FaultProxy {
  /** Where connections go to; undefined: nowhere, they are refused. */
  target: Place | undefined;
  readonly broken: Record<Fate, number> = {
    cut: 0,
    reset: 0,
    "client only": 0,
    "server only": 0,
    "stall and cut": 0,
  };
  readonly #options: FaultProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #left: number;

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#left = options.faults;
    // Who ends one direction may still hear the other.
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  static async listen(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    const { path } = options;
    const place = path === undefined ? { host: "127.0.0.1", port: 0 } : { path };
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject).listen(place, resolve);
    });
    return proxy;
  }

  /** For `connect()`. */
  get address(): string {
    const bound = this.#server.address();
    if (bound === null) throw new Error("the proxy is closed");
    return typeof bound === "string" ? `unix:${bound}` : `tcp://127.0.0.1:${bound.port}`;
  }

  /** Connections that will break still. */
  get faultsLeft(): number {
    return this.#left;
  }

  /** Nothing breaks from now on, but what is half open or stalled already. */
  heal(): void {
    this.#left = 0;
  }

  /** Breaks every connection that there is. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    const { target } = this;
    this.#keep(client);
    if (target === undefined) {
      client.destroy();
      return;
    }
    const server = connect({ ...target, allowHalfOpen: true });
    this.#keep(server);
    const { random } = this.#options;
    const up = new ProxyLane(client, server, random);
    const down = new ProxyLane(server, client, random);
    // Who is told of the end of the other that way need not wait for it.
    client.on("close", () => up.end());
    server.on("close", () => down.end());
    const fate = random.integer(0, fates.length - 1);
    const lane = random.chance(0.5) ? up : down;
    lane.stopAfter(drawBytes(random), () => {
      if (this.#left <= 0) {
        lane.goOn();
        return;
      }
      this.#left -= 1;
      up.stop();
      down.stop();
      this.#meet(fates[fate] as Fate, client, server);
    });
  }

  #meet(fate: Fate, client: Socket, server: Socket): void {
    this.broken[fate] += 1;
    switch (fate) {
      case "cut":
        client.destroy();
        server.destroy();
        break;
      case "reset":
        this.#reset(client);
        this.#reset(server);
        break;
      // The other end believes that it has a connection, until it hears otherwise or tires of it.
      case "client only":
        client.destroy();
        this.#later(() => server.destroy());
        break;
      case "server only":
        server.destroy();
        this.#later(() => client.destroy());
        break;
      case "stall and cut":
        this.#later(() => {
          client.destroy();
          server.destroy();
        });
    }
  }

  /** Only TCP knows the difference. */
  #reset(socket: Socket): void {
    // Node (18 to 26) cannot reset a socket whose end is about to leave: it fails with EINVAL, never closes, and the
    // process spins for ever when it is to exit.
    const isEnding = socket.writableEnded && !socket.writableFinished;
    if (this.#options.path === undefined && !isEnding) socket.resetAndDestroy();
    else socket.destroy();
  }

  #later(run: () => void): void {
    const { maxStallMs = 40, random } = this.#options;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        run();
      },
      random.integer(0, maxStallMs),
    );
    this.#timers.add(timer);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

const handshakeBytes = 1_024;
const maxBytes = 256 * 1024;

/** Every fourth breaks in its handshake; the others evenly over the orders of magnitude. */
function drawBytes(random: SeededRandom): number {
  if (random.chance(0.25)) return random.integer(1, handshakeBytes);
  return Math.floor(handshakeBytes * (maxBytes / handshakeBytes) ** random.next());
}
