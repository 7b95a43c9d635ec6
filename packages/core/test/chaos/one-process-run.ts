/** Clients and a server in one process, and a proxy between them that breaks their connections. */
import { type Client, connect, type Server, type ServerPeer, serve } from "../../src/index.ts";
import { SeededRandom } from "../../src/testing/seeded-random.ts";
import { Accounts, type Promises, type Totals } from "./accounts.ts";
import { answer } from "./answering.ts";
import { Book } from "./book.ts";
import { type Fate, FaultProxy } from "./fault-proxy.ts";
import { keepClientBook, keepServerBook } from "./keeping.ts";
import { placeOf } from "./place.ts";
import { Talk } from "./talking.ts";

export interface RunOptions extends Promises {
  readonly seed: number;
  /** Connections to break. */
  readonly faults: number;
  /** Over Unix sockets in this folder; without one over TCP. */
  readonly folder?: string;
  /** How long sessions outlive their connections; 0: not at all. */
  readonly windowMs: number;
  /** @defaultValue 3 */
  readonly clients?: number;
  /** Is told now and then how far it is. */
  readonly onProgress?: (faultsLeft: number) => void;
}

export interface Outcome {
  /** What went wrong; empty when all promises were kept. */
  readonly faults: readonly string[];
  readonly totals: Totals;
  readonly broken: Readonly<Record<Fate, number>>;
  readonly resumed: number;
}

/** A connection that says nothing for that long is taken for dead, and so half-open ones are found. */
const heartbeat = { intervalMs: 25 };
const retry = { minMs: 1, maxMs: 8 };

class OneProcessRun {
  readonly #options: RunOptions;
  readonly #random: SeededRandom;
  readonly #books: Book[] = [];
  readonly #talks = new Map<string, Talk>();
  readonly #clients: Client[] = [];
  readonly #serverBook = new Book("server", "server");

  constructor(options: RunOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#books.push(this.#serverBook);
  }

  async run(): Promise<Outcome> {
    const { clients = 3, faults, folder } = this.#options;
    const server = await this.#serve();
    const proxy = await FaultProxy.listen({
      random: this.#newRandom(),
      faults,
      ...(folder === undefined ? {} : { path: `${folder}/p` }),
    });
    proxy.target = placeOf(server.address);
    try {
      for (let n = 0; n < clients; n += 1) await this.#connect(proxy.address, `client ${n}`);
      await this.#untilBroken(proxy);
      await this.#finish(server);
    } finally {
      await Promise.allSettled(this.#clients.map((client) => client.close({ drainMs: 0 })));
      await server.close({ drainMs: 0 }).catch(() => {});
      await proxy.close();
    }
    const accounts = new Accounts(this.#books, this.#options);
    const resumed = this.#clients.reduce((sum, client) => sum + client.stats().resumed, 0);
    return { faults: accounts.faults, totals: accounts.totals, broken: proxy.broken, resumed };
  }

  #newRandom(): SeededRandom {
    return new SeededRandom(this.#random.integer(0, 2 ** 32 - 1));
  }

  get #resume(): { windowMs: number } | false {
    const { windowMs } = this.#options;
    return windowMs > 0 && { windowMs };
  }

  async #serve(): Promise<Server> {
    const { folder } = this.#options;
    const address = folder === undefined ? "tcp://127.0.0.1:0" : `unix:${folder}/s`;
    const server = await serve(address, { resume: this.#resume, heartbeat });
    const book = this.#serverBook;
    answer(server, book);
    keepServerBook(server, book);
    server.onPeer((peer) => this.#welcome(peer));
    return server;
  }

  #welcome(peer: ServerPeer): void {
    const { id } = peer;
    const book = this.#serverBook;
    this.#talks.set(id, new Talk({ peer, book, random: this.#newRandom(), id, to: id }));
  }

  async #connect(address: string, life: string): Promise<void> {
    const book = new Book("client", life);
    this.#books.push(book);
    const client = await connect(address, { resume: this.#resume, heartbeat, retry, lazy: true });
    this.#clients.push(client);
    keepClientBook(client, book);
    answer(client, book);
    const random = this.#newRandom();
    this.#talks.set(life, new Talk({ peer: client, book, random, id: life, to: "" }));
  }

  async #untilBroken(proxy: FaultProxy): Promise<void> {
    while (proxy.faultsLeft > 0) {
      this.#options.onProgress?.(proxy.faultsLeft);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** What is under way ends, everything is delivered, and everybody says goodbye. */
  async #finish(server: Server): Promise<void> {
    const entered = new Set(this.#clients.map(({ id }) => id));
    for (const peer of server.peers.values()) {
      // Its welcome was lost on its way, and its client has come in by another.
      if (!entered.has(peer.id)) void peer.close({ drainMs: 0 }).catch(() => {});
    }
    await Promise.all([...this.#talks.values()].map((talk) => talk.stop()));
    await Promise.all([...server.peers.values()].map((peer) => peer.flush().catch(() => {})));
    await Promise.all(
      this.#clients.map((client) =>
        client.close().catch((reason: unknown) => {
          if (this.#options.isLossless) this.#serverBook.fault(`closing: ${String(reason)}`);
        }),
      ),
    );
    await Promise.all([...server.peers.values()].map((peer) => peer.closed));
    const { activeHandlers, pendingBytes, pendingCalls } = server.stats();
    if (activeHandlers + pendingBytes + pendingCalls > 0) {
      this.#serverBook.fault(
        `is left with ${activeHandlers} handlers, ${pendingCalls} calls and ${pendingBytes} bytes`,
      );
    }
  }
}

/** Breaks connections until there were `faults` of them, and accounts for every message. */
export function oneProcessRun(options: RunOptions): Promise<Outcome> {
  return new OneProcessRun(options).run();
}
