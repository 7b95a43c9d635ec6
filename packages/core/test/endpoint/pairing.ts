// A server and a client that know each other, and everything that they were told, closed after each test.
import {
  type Client,
  type ConnectOptions,
  connect,
  type Notice,
  type ServeOptions,
  serve,
} from "myelin";
import { afterEach } from "vitest";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";

const open: { close(options?: { drainMs?: number; timeoutMs?: number }): Promise<unknown> }[] = [];
afterEach(async () => {
  const quickly = { drainMs: 0, timeoutMs: 500 };
  await Promise.allSettled(open.splice(0).map((each) => each.close(quickly)));
  removeTempFolders();
});

/** Closes it after the test. */
export function keep<Each extends (typeof open)[number]>(each: Each): Each {
  open.push(each);
  return each;
}

let count = 0;

/** An address where nobody listens. */
export function freshAddress(kind = "unix"): string {
  if (kind === "tcp") return "tcp://127.0.0.1:0";
  if (kind === "memory") return `memory:endpoint-${count++}`;
  return `unix:${tempFolder()}/s`;
}

export interface PairOptions {
  readonly kind?: string;
  readonly server?: ServeOptions;
  readonly client?: ConnectOptions;
}

export async function pair(options: PairOptions = {}) {
  const server = keep(await serve(freshAddress(options.kind), options.server));
  const client: Client = keep(await connect(server.address, options.client));
  const peer = [...server.peers.values()].at(-1);
  if (peer === undefined) throw new Error("nobody came in");
  const notices: Notice[] = [];
  server.onNotice((notice) => void notices.push(notice));
  client.onNotice((notice) => void notices.push(notice));
  return { server, client, peer, notices };
}

/** All items of a stream. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}
