/** Clients and servers in processes of their own, which are killed and started anew at any moment. */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "../../src/testing/seeded-random.ts";
import { Accounts, type Totals } from "./accounts.ts";
import { Book } from "./book.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { placeOf } from "./place.ts";
import type { PartyOptions } from "./programs/party.ts";

export interface ProcessRunOptions {
  readonly seed: number;
  /** Processes to kill, one after the other. */
  readonly kills: number;
  /** Over a Unix socket, where a killed process is an end at once, or over TCP, through the proxy. */
  readonly kind: "unix" | "tcp";
  /** For books and sockets; its path is short. */
  readonly folder: string;
  /** The program of a process, as JavaScript. */
  readonly party: string;
  /** @defaultValue 2 */
  readonly clients?: number;
  readonly onProgress?: (killsLeft: number) => void;
}

export interface ProcessOutcome {
  readonly faults: readonly string[];
  readonly totals: Totals;
  readonly killed: { readonly client: number; readonly server: number };
  readonly cut: number;
}

/** Between two kills. */
const maxPauseMs = 120;
/** A process that was told to finish has nothing left to wait for: only a safety net. */
const finishMs = 30_000;

class Party {
  readonly book: Book;
  readonly child: ChildProcess;
  readonly exit: Promise<string>;
  readonly ready: Promise<string>;
  readonly options: PartyOptions;
  #output = "";

  constructor(program: string, options: PartyOptions) {
    this.options = options;
    this.book = new Book(options.side, options.life);
    // It may be killed before it has begun.
    writeFileSync(options.bookFile, "");
    this.child = fork(program, {
      env: { ...process.env, CHAOS_PARTY: JSON.stringify(options) },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-4_000);
      });
    }
    this.exit = new Promise((resolve) => {
      this.child.once("close", (code, signal) => resolve(signal ?? `code ${code}`));
    });
    this.ready = new Promise((resolve) => {
      this.child.once("message", ({ address }: { address?: string }) => resolve(address ?? ""));
      void this.exit.then(() => resolve(""));
    });
  }

  async kill(): Promise<void> {
    this.book.wasKilled = true;
    this.child.kill("SIGKILL");
    await this.exit;
  }

  /** Lets it end by itself. */
  async finish(): Promise<void> {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), finishMs);
    if (this.child.connected) this.child.send("finish");
    const how = await this.exit;
    clearTimeout(timer);
    if (how !== "code 0") this.book.fault(`ended by ${how}: ${this.#output}`);
  }

  readBook(): Book {
    this.book.read(readFileSync(this.options.bookFile, "utf8"));
    return this.book;
  }
}

class ProcessRun {
  readonly #options: ProcessRunOptions;
  readonly #random: SeededRandom;
  readonly #all: Party[] = [];
  readonly #clients: Party[] = [];
  readonly #killed = { client: 0, server: 0 };
  #server: Party | undefined;
  #proxy: FaultProxy | undefined;

  constructor(options: ProcessRunOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  async run(): Promise<ProcessOutcome> {
    const { clients = 2, kills, kind, onProgress } = this.#options;
    try {
      if (kind === "tcp") {
        const random = new SeededRandom(this.#random.integer(0, 2 ** 32 - 1));
        this.#proxy = await FaultProxy.listen({ random, faults: Number.POSITIVE_INFINITY });
      }
      await this.#startServer();
      for (let slot = 0; slot < clients; slot += 1) this.#startClient(slot);
      for (let left = kills; left > 0; left -= 1) {
        onProgress?.(left);
        await this.#pause();
        if (this.#random.chance(0.4)) await this.#killServer();
        else await this.#killClient(this.#random.integer(0, clients - 1));
      }
      await this.#pause();
      this.#proxy?.heal();
      await Promise.all(this.#clients.map((client) => client.finish()));
      await this.#server?.finish();
    } finally {
      for (const { child } of this.#all) child.kill("SIGKILL");
      await this.#proxy?.close();
    }
    const accounts = new Accounts(
      this.#all.map((party) => party.readBook()),
      { isLossless: false },
    );
    const cut = Object.values(this.#proxy?.broken ?? {}).reduce((sum, count) => sum + count, 0);
    return { faults: accounts.faults, totals: accounts.totals, killed: this.#killed, cut };
  }

  #start(side: "client" | "server", name: string, address: string): Party {
    const { folder, kind, party } = this.#options;
    const life = `${name}#${this.#all.length}`;
    const started = new Party(party, {
      side,
      life,
      address,
      bookFile: join(folder, `${this.#all.length}.book`),
      seed: this.#random.integer(0, 2 ** 32 - 1),
      windowMs: kind === "tcp" ? 30_000 : 0,
    });
    this.#all.push(started);
    return started;
  }

  async #startServer(): Promise<void> {
    const { folder, kind } = this.#options;
    const address = kind === "tcp" ? "tcp://127.0.0.1:0" : `unix:${folder}/s`;
    this.#server = this.#start("server", "server", address);
    const bound = await this.#server.ready;
    if (bound === "") await this.#server.finish();
    else if (this.#proxy !== undefined) this.#proxy.target = placeOf(bound);
  }

  #startClient(slot: number): void {
    const address = this.#proxy?.address ?? `unix:${this.#options.folder}/s`;
    this.#clients[slot] = this.#start("client", `client ${slot}`, address);
  }

  async #killServer(): Promise<void> {
    this.#killed.server += 1;
    await this.#server?.kill();
    await this.#startServer();
  }

  async #killClient(slot: number): Promise<void> {
    this.#killed.client += 1;
    await this.#clients[slot]?.kill();
    this.#startClient(slot);
    await this.#clients[slot]?.ready;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#random.integer(0, maxPauseMs)));
  }
}

/** Kills processes at random, and accounts for every message by the books that they have left. */
export function processRun(options: ProcessRunOptions): Promise<ProcessOutcome> {
  return new ProcessRun(options).run();
}
