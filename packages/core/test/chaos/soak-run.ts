/**
 * The traffic of the chaos for minutes on end, with a broken connection now and then, and what it
 * leaves behind in this process: nothing that grows.
 */
import { type Client, connect, type Server, serve } from "../../src/index.ts";
import { SeededRandom } from "../../src/testing/seeded-random.ts";
import { answer } from "./answering.ts";
import { Book, type Entry } from "./book.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { placeOf } from "./place.ts";
import { Talk } from "./talking.ts";

export interface SoakOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Between two looks at the process, all traffic at rest. @defaultValue 20 */
  readonly roundSeconds?: number;
  readonly onRound: (level: Level) => void;
}

/** What a process has, when nothing is under way. */
export interface Level {
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** Sockets, servers and timers that keep it alive. */
  readonly handles: number;
  readonly events: number;
  readonly calls: number;
}

/** Counts, and remembers nothing. */
class CountingBook extends Book {
  events = 0;
  calls = 0;
  faults: string[] = [];

  override write(entry: Entry): void {
    if (entry.at === "heard") this.events += 1;
    else if (entry.at === "settled") this.calls += 1;
    else if (entry.at === "fault") this.faults.push(entry.what);
  }
}

/** A round before these are compared: code is compiled, pools are filled. */
const warmUpRounds = 2;
/** What an allocator may keep of the large messages of a round. */
const toleratedMiB = 48;
const clientCount = 4;
/** Connections to break in each round, with the smallest share in the time. */
const faultsPerRound = 200;

class SoakRun {
  readonly #options: SoakOptions;
  readonly #random: SeededRandom;
  readonly #book = new CountingBook("server", "soak");
  readonly levels: Level[] = [];

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  get faults(): readonly string[] {
    return this.#book.faults;
  }

  async run(): Promise<void> {
    const server = await serve("tcp://127.0.0.1:0", { heartbeat: { intervalMs: 25 } });
    answer(server, this.#book);
    const end = performance.now() + this.#options.minutes * 60_000;
    while (performance.now() < end || this.levels.length <= warmUpRounds + 1) {
      await this.#round(server);
      const level = await this.#measure();
      this.levels.push(level);
      this.#options.onRound(level);
    }
    await server.close();
    this.#compare();
  }

  /** Clients come, talk both ways over lines that break, and go. */
  async #round(server: Server): Promise<void> {
    const proxy = await FaultProxy.listen({ random: this.#newRandom(), faults: faultsPerRound });
    proxy.target = placeOf(server.address);
    const talks: Talk[] = [];
    const joined = server.onPeer((peer) => {
      const { id } = peer;
      talks.push(this.#talk(peer, id, id));
    });
    const clients: Client[] = [];
    for (let n = 0; n < clientCount; n += 1) {
      const client = await connect(proxy.address, {
        ...{ heartbeat: { intervalMs: 25 }, retry: { minMs: 1, maxMs: 8 }, lazy: true },
      });
      answer(client, this.#book);
      clients.push(client);
      talks.push(this.#talk(client, `client ${n}`, ""));
    }
    const { roundSeconds = 20 } = this.#options;
    await new Promise((resolve) => setTimeout(resolve, roundSeconds * 1_000));
    proxy.heal();
    // Whose welcome was lost has come in by another.
    const entered = new Set(clients.map(({ id }) => id));
    for (const peer of server.peers.values()) {
      if (!entered.has(peer.id)) void peer.close({ drainMs: 0 }).catch(() => {});
    }
    await Promise.all(talks.map((talk) => talk.stop()));
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all([...server.peers.values()].map((peer) => peer.closed));
    joined.dispose();
    await proxy.close();
    const { activeHandlers, bufferedBytes, pendingCalls, peers } = server.stats();
    if (activeHandlers + bufferedBytes + pendingCalls + peers > 0) {
      this.#book.fault(`the server is left with ${JSON.stringify(server.stats())}`);
    }
  }

  #talk(peer: ConstructorParameters<typeof Talk>[0]["peer"], id: string, to: string): Talk {
    return new Talk({ peer, book: this.#book, random: this.#newRandom(), id, to });
  }

  #newRandom(): SeededRandom {
    return new SeededRandom(this.#random.integer(0, 2 ** 32 - 1));
  }

  async #measure(): Promise<Level> {
    // Ends are told in turns of their own, and the system takes its time to close.
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (let n = 0; n < 3; n += 1) globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    return {
      rssMiB: Math.round(rss / 2 ** 20),
      heapMiB: Math.round(heapUsed / 2 ** 20),
      handles: process.getActiveResourcesInfo().length,
      events: this.#book.events,
      calls: this.#book.calls,
    };
  }

  #compare(): void {
    const [first, ...later] = this.levels.slice(warmUpRounds);
    const last = later.at(-1);
    if (first === undefined || last === undefined) return;
    if (last.handles > first.handles) {
      this.#book.fault(`there are ${last.handles} handles, and were ${first.handles}`);
    }
    for (const key of ["rssMiB", "heapMiB"] as const) {
      if (last[key] <= first[key] + toleratedMiB) continue;
      this.#book.fault(`${key} is ${last[key]}, and was ${first[key]}`);
    }
  }
}

/** Runs for so many minutes. @returns what grew, or went wrong; empty when nothing did */
export async function soakRun(options: SoakOptions): Promise<readonly string[]> {
  const soak = new SoakRun(options);
  await soak.run();
  return soak.faults;
}
