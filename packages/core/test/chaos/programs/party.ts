// A client or a server in a process of its own, which talks until it is told to finish, or killed. What
// it accepts, hears and is told is in its book, a file, before anything else happens.
import { openSync } from "node:fs";
import { connect, serve } from "../../../src/index.ts";
import { SeededRandom } from "../../../src/testing/seeded-random.ts";
import { answer } from "../answering.ts";
import { Book } from "../book.ts";
import { keepClientBook, keepServerBook } from "../keeping.ts";
import { Talk } from "../talking.ts";

/** What the process is started with. */
export interface PartyOptions {
  readonly side: "client" | "server";
  readonly life: string;
  readonly address: string;
  readonly bookFile: string;
  readonly seed: number;
  /** How long sessions outlive their connections; 0: not at all. */
  readonly windowMs: number;
}

const options: PartyOptions = JSON.parse(process.env["CHAOS_PARTY"] ?? "{}");
const { address, life, seed, side, windowMs } = options;
const random = new SeededRandom(seed);
const book = new Book(side, life, openSync(options.bookFile, "a"));
const resume = windowMs > 0 && { windowMs };
const heartbeat = { intervalMs: 50 };

const tell = (type: string, more: object = {}): void => void process.send?.({ type, ...more });
const finishing = new Promise<void>((resolve) => process.once("message", () => resolve()));
process.on("unhandledRejection", (reason) => {
  book.fault(`nobody handled ${String(reason)}`);
});

async function runServer(): Promise<void> {
  const server = await serve(address, { resume, heartbeat });
  const talks = new Set<Talk>();
  answer(server, book);
  keepServerBook(server, book);
  server.onPeer((peer) => {
    const { id } = peer;
    const seed = random.integer(0, 2 ** 32 - 1);
    const talk = new Talk({ peer, book, random: new SeededRandom(seed), id, to: id });
    talks.add(talk);
    void peer.closed.then(async () => {
      await talk.stop();
      talks.delete(talk);
    });
  });
  tell("ready", { address: server.address });
  await finishing;
  const stopped = Promise.all([...talks].map((talk) => talk.stop()));
  await server.close({ drainMs: 0 }).catch(() => {});
  await stopped;
}

async function runClient(): Promise<void> {
  const retry = { minMs: 2, maxMs: 20 };
  const client = await connect(address, { resume, heartbeat, retry, lazy: true });
  answer(client, book);
  keepClientBook(client, book);
  const talk = new Talk({ peer: client, book, random, id: life, to: "" });
  tell("ready");
  await finishing;
  await talk.stop();
  await client.close({ drainMs: 0 }).catch(() => {});
  await client.closed;
}

await (side === "server" ? runServer() : runClient());
process.disconnect();
