/** What either end does for the other: hears events, answers calls and streams, and writes it down. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Server } from "../../src/index.ts";
import type { Book } from "./book.ts";

/** So many names of events: more than are told to the peer before it is broken for the first time. */
export const eventNames: readonly string[] = Array.from({ length: 150 }, (_, n) => `event ${n}`);

/** The data of every message. */
export interface Data {
  /** Of events: whose it is. Of calls: which. */
  readonly id: string;
  /** Of events: the how many-th. Of streams: how many items there will be. */
  readonly n: number;
  readonly filling?: string;
}

/** Calls that take as long as that at most. */
const maxSlowMs = 4;

/** The number of an event of bytes, behind which comes its sender's name. */
export function bytesOf(id: string, n: number, length: number): Buffer {
  const bytes = Buffer.alloc(length, n % 251);
  bytes.writeUInt32LE(n);
  bytes.writeUInt32LE(id.length, 4);
  bytes.write(id, 8);
  return bytes;
}

function readBytes(data: Uint8Array, book: Book): Data {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const n = bytes.readUInt32LE();
  const id = bytes.toString("utf8", 8, 8 + bytes.readUInt32LE(4));
  if (!bytesOf(id, n, bytes.length).equals(bytes)) book.fault(`bytes ${n} of ${id} were changed`);
  return { id, n };
}

/** Puts the listeners and handlers in place. */
export function answer(endpoint: Client | Server, book: Book): void {
  for (const name of eventNames) {
    endpoint.on(name, (data, { peer }) => {
      const { id, n } = data instanceof Uint8Array ? readBytes(data, book) : (data as Data);
      book.write({ at: "heard", from: id, session: peer.id, n });
    });
  }
  const run = (data: unknown): Data => {
    const { id, n } = data as Data;
    book.write({ at: "ran", id });
    return { id, n };
  };
  endpoint.handle("echo", (data) => {
    if (!(data instanceof Uint8Array)) return { ...(data as Data), ...run(data) };
    run(readBytes(data, book));
    return data;
  });
  endpoint.handle("slow", async (data) => {
    const { id, n } = run(data);
    await sleep(n % maxSlowMs);
    return { id, n };
  });
  endpoint.handle("throw", (data) => {
    throw new Error(run(data).id);
  });
  endpoint.handle("stream", async function* (data) {
    const { n } = run(data);
    for (let item = 0; item < n; item += 1) {
      if (item % 16 === 15) await new Promise(setImmediate);
      yield item;
    }
  });
  endpoint.handle("upload", async (items) => {
    let count = 0;
    try {
      for await (const item of items as AsyncIterable<unknown>) {
        // The first says which call it is.
        if (count === 0) run(item);
        else if (item !== count)
          book.fault(`item ${JSON.stringify(item)} of an upload came as ${count}`);
        count += 1;
      }
    } catch {
      // The caller is gone, or its source failed.
    }
    return count;
  });
  endpoint.handle("duplex", async function* (items) {
    let count = 0;
    for await (const item of items as AsyncIterable<unknown>) {
      if (count === 0) run(item);
      count += 1;
      yield item;
    }
  });
}
