// Ends in processes of their own: killed, exiting, busy, stopped and idle.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, serve } from "myelin";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { until, within } from "../../../../test/support/within.ts";
import { all, freshAddress, keep } from "./pairing.ts";

const folder = mkdtempSync(join(tmpdir(), "my-"));
let core = "";
beforeAll(async () => {
  core = await bundleCore(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = fileURLToPath(new URL("programs/peer.mjs", import.meta.url));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Report {
  readonly type: string;
  readonly address?: string;
  readonly by?: string;
  readonly count?: number;
  readonly answer?: unknown;
}

/** A process that runs one of the program's actions. */
function start(act: string, address: string) {
  const child = fork(program, {
    env: { ...process.env, MYELIN_CORE: core, PEER_OPTIONS: JSON.stringify({ act, address }) },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  started.push(child);
  const reports: Report[] = [];
  child.on("message", (report: Report) => void reports.push(report));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  let exitCode: number | NodeJS.Signals | undefined;
  const exit = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on("close", (code, signal) => {
      exitCode = signal ?? code ?? -1;
      resolve(exitCode);
    });
  });
  const next = async (type: string): Promise<Report> => {
    const find = () => reports.find((report) => report.type === type);
    await until(`${act}: ${type}`, () => find() !== undefined || exitCode !== undefined);
    const report = find();
    if (report === undefined) throw new Error(`${act} ended (${exitCode}): ${output}`);
    reports.splice(reports.indexOf(report), 1);
    return report;
  };
  return { child, exit, next, isRunning: () => exitCode === undefined };
}

/** A server in another process. */
async function startServer(kind: string) {
  const server = start("serve", freshAddress(kind));
  const { address } = await server.next("ready");
  return { ...server, address: address as string };
}

describe.each(["unix", "tcp"])("over %s", (kind) => {
  test("a server that is killed fails everything at once, and says what may have run", async () => {
    const server = await startServer(kind);
    const client = keep(await connect(server.address, { retry: false, resume: false }));
    const items = client.stream("endless")[Symbol.asyncIterator]();
    await items.next();
    const outcomes = Promise.allSettled([
      client.call("never"),
      client.upload("take", {
        [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
      }),
      (async () => {
        for (;;) if ((await items.next()).done === true) return;
      })(),
    ]);
    await client.flush();
    server.child.kill("SIGKILL");
    for (const outcome of await within("all of them", outcomes)) {
      expect(outcome).toMatchObject({
        status: "rejected",
        reason: { code: "ERR_CONNECTION_LOST", ran: "maybe" },
      });
    }
    expect(await within("closed", client.closed)).toMatchObject({ by: "failure" });
  });

  test("a client that is killed leaves nothing at its server", async () => {
    const server = keep(await serve(freshAddress(kind), { resume: false }));
    let aborted = 0;
    let ended = 0;
    server.handle(
      "never",
      (_, { signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            aborted += 1;
            resolve();
          });
        }),
    );
    server.handle("take", (items) => all(items as AsyncIterable<unknown>).catch(() => ended++));
    server.handle("endless", async function* () {
      try {
        for (let n = 0; ; n++) {
          yield n;
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        ended += 1;
      }
    });
    const client = start("keep calling", server.address);
    await client.next("ready");
    await until("all three run", () => server.stats().activeHandlers === 3);
    const [peer] = server.peers.values();
    client.child.kill("SIGKILL");
    expect(await within("the peer is gone", peer?.closed as Promise<unknown>)).toMatchObject({
      by: "failure",
    });
    await until("its handlers have ended", () => aborted === 1 && ended === 2);
    expect(server.stats()).toMatchObject({ peers: 0, activeHandlers: 0 });
  });

  test("what was sent before close() and exit arrives, though the peer is busy and then writes (finding 3)", async () => {
    const server = await startServer(kind);
    const client = start("close and exit", server.address);
    expect(await within("the client ends", client.exit)).toBe(0);
    expect(await server.next("gone")).toMatchObject({ by: "peer", count: 1_000 });
  });

  test.each(["send and exit", "send and exit amid that"])(
    "what was sent in the tick of process.exit() arrives: %s",
    async (act) => {
      const server = await startServer(kind);
      const client = start(act, server.address);
      expect(await within("the client ends", client.exit)).toBe(0);
      expect(await server.next("gone")).toMatchObject({ count: 5 });
    },
  );
});

test.each([
  ["send events and exit", 5],
  ["send an event, unref'd", 1],
] as const)("over UDP, too, %s: it arrives, and the process ends", async (act, count) => {
  const server = keep(await serve("udp://127.0.0.1:0"));
  const heard: unknown[] = [];
  server.on("event", (n) => void heard.push(n));
  expect(await within("the client ends", start(act, server.address).exit)).toBe(0);
  await until("all of them", () => heard.length === count);
});

describe("processes that may end (finding 38)", () => {
  test.each(["unref and idle", "close and let go"])("%s: it does", async (act) => {
    const server = keep(await serve(freshAddress()));
    server.handle("echo", (data) => data);
    const client = start(act, server.address);
    expect(await within("the client ends", client.exit)).toBe(0);
  });

  test.each(["listen and idle", "ask and let go"])("a server's too: %s", async (act) => {
    expect(await within("it ends", start(act, freshAddress()).exit)).toBe(0);
  });

  test.each(["unref and call", "unref and stream"])("%s: it waits for the answer", async (act) => {
    const server = keep(await serve(freshAddress()));
    let answer!: (data: unknown) => void;
    const later = new Promise((resolve) => (answer = resolve));
    server.handle("later", () => later);
    server.handle("later items", async function* () {
      yield await later;
    });
    const client = start(act, server.address);
    await until("it waits", () => server.stats().activeHandlers === 1);
    // It would be gone after an echo to another client, if it did not wait.
    const other = keep(await connect(server.address));
    for (let n = 0; n < 50; n++) await other.call("none").catch(() => {});
    expect(client.isRunning()).toBe(true);
    answer(1);
    expect((await client.next("answered")).answer).toEqual(act === "unref and call" ? 1 : [1]);
    expect(await within("the client ends", client.exit)).toBe(0);
  });

  test("a call to a client that may come back holds its process, and no longer than that", async () => {
    const server = start("unref and call a client", freshAddress("tcp"));
    const { address } = await server.next("ready");
    const client = start("answer nothing", address as string);
    await client.next("ready");
    client.child.kill("SIGKILL");
    await server.next("detached");
    expect((await server.next("answered")).answer).toBe("ERR_TIMEOUT");
    expect(await within("the server ends", server.exit)).toBe(0);
  });

  test("unref and post: it waits for room", async () => {
    const server = keep(await serve(freshAddress()));
    let settle!: () => void;
    const later = new Promise<void>((resolve) => (settle = resolve));
    let heard = 0;
    server.on("later", () => {
      heard += 1;
      return later;
    });
    const client = start("unref and post", server.address);
    await until("it waits", () => heard === 1_024);
    const other = keep(await connect(server.address));
    for (let n = 0; n < 50; n++) await other.call("none").catch(() => {});
    expect(client.isRunning()).toBe(true);
    settle();
    expect((await client.next("answered")).answer).toBe("posted");
    expect(await within("the client ends", client.exit)).toBe(0);
  });

  test("a call that waits for a server holds its process, too", async () => {
    const address = freshAddress();
    const client = start("unref before there is a server", address);
    await client.next("calling");
    const server = keep(await serve(address));
    server.handle("later", () => "late");
    expect((await client.next("answered")).answer).toBe("late");
    expect(await within("the client ends", client.exit)).toBe(0);
  });
});
