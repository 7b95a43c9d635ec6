// One cell of the matrix: a server process and a client process of two implementations, and what they say to each other.
import type { ExpectStatic } from "vitest";
import type { Programs } from "../support/program.ts";
import type { Channel, Pair } from "./channels.ts";
import { digest, type LongText, longText } from "./long-text.mjs";
import { asHeard, type Message } from "./messages.ts";
import {
  type Greetings,
  openClient,
  openServer,
  type Party,
  type Place,
  startServer,
} from "./parties.ts";

/** For versions that take seconds for a large message, on a machine that has other things to do as well. */
const longTextDeadlineMs = 60_000;

export type Side = "server" | "client";

/** What a cell is made of. */
export interface Setting {
  /** The test's own, because its soft comparisons go on after a failure: a cell shows all that is wrong in it. */
  readonly expect: ExpectStatic;
  readonly programs: Programs;
  readonly pair: Pair;
  readonly channel: Channel;
}

export class Cell {
  readonly #setting: Setting;
  readonly #place: Place;
  readonly client: Party;
  server: Party;

  private constructor(setting: Setting, place: Place, server: Party, client: Party) {
    this.#setting = setting;
    this.#place = place;
    this.server = server;
    this.client = client;
  }

  static async open(setting: Setting, greetings?: Greetings): Promise<Cell> {
    const { programs, pair, channel } = setting;
    const { server, place } = await openServer(programs, pair.server, channel);
    const client = await openClient(programs, pair.client, channel, place, greetings);
    return new Cell(setting, place, server, client);
  }

  /** One side says all messages in one turn; the other must hear what its version makes of them, in order. */
  async tell(what: string, from: Side, messages: readonly Message[]): Promise<void> {
    this[from].send({ say: messages });
    await this.hear(what, from, messages);
  }

  /** The other side of `from` must hear these next. */
  async hear(what: string, from: Side, messages: readonly Message[]): Promise<void> {
    const to = this.#otherSideOf(from);
    to.send({ collect: messages.length });
    const { messages: heard } = await to.next("collected");
    const { expect, pair } = this.#setting;
    expect.soft(heard, `${what}, said by the ${from}`).toStrictEqual(asHeard(pair[from], messages));
  }

  /** The same for a text that is too long to be printed. */
  async tellLong(what: string, from: Side, text: LongText): Promise<void> {
    const to = this.#otherSideOf(from);
    this[from].send({ sayLong: text });
    to.send({ collect: 1 });
    const { messages } = await to.next("collected", longTextDeadlineMs);
    this.#setting.expect
      .soft(messages, `${what}, said by the ${from}`)
      .toEqual([["long", digest(longText(text))]]);
  }

  /** Kills the server and starts another one in its place; the client must notice both. */
  async restartServer(): Promise<void> {
    const { programs, pair, channel } = this.#setting;
    await this.server.kill();
    await this.client.next("disconnected");
    this.server = await startServer(programs, pair.server, channel, this.#place);
    await this.client.next("connected");
    await this.server.next("joined");
  }

  /** Neither side has had an error so far. */
  expectNoErrors(): void {
    for (const party of [this.server, this.client]) {
      const errors = party.pending.filter(({ type }) => type === "error");
      this.#setting.expect.soft(errors, `errors of ${party.name}`).toEqual([]);
    }
  }

  #otherSideOf(side: Side): Party {
    return side === "server" ? this.client : this.server;
  }
}
