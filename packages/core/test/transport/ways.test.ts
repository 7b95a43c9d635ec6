// Sessions over every way to connect that has no address to dial: from a program's start to a typed answer.
import { ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import {
  call,
  connect,
  contract,
  ipc,
  over,
  port,
  type ServeOptions,
  type ServerPeer,
  serve,
  spawnPeer,
  stdio,
  type Way,
} from "myelin";
import { connectedPair } from "myelin/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { within } from "../../../../test/support/within.ts";

const program = fileURLToPath(new URL("fixtures/way-peer.mjs", import.meta.url));
const cleanups: (() => unknown)[] = [];
let library: string;

beforeAll(async () => {
  library = await bundleCore(tempFolder());
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(removeTempFolders);

type What = "serve" | "connect";

function startWorker(what: What): Worker {
  const worker = new Worker(program, { workerData: [library, what, "port:"] });
  cleanups.push(() => worker.terminate());
  return worker;
}

function watched(child: ChildProcess): ChildProcess {
  cleanups.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await within("a process to die", gone);
  });
  return child;
}

const startFork = (what: What): ChildProcess =>
  watched(fork(program, [library, what, "ipc:"], { execArgv: [] }));

const startPiped = (what: What): ChildProcess =>
  watched(
    spawn(process.execPath, [program, library, what, "stdio:"], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );

const ways = {
  "port:": (what: What) => port(startWorker(what)),
  "ipc:": (what: What) => ipc(startFork(what)),
  "stdio:": (what: What) => stdio(startPiped(what)),
} as const;

describe.each(["port:", "ipc:", "stdio:"] as const)("over %s", (address) => {
  test("a client calls the server that it has started", async () => {
    const client = await connect(ways[address]("serve"));
    cleanups.push(() => client.close());
    expect(await client.call("greet", "ada")).toBe(`hello ada from ${address}`);
  });

  test("a server calls the client that it has started", async () => {
    const server = await serve(ways[address]("connect"));
    cleanups.push(() => server.close());
    expect(server.address).toBe(address);
    const peer = await within(
      "a peer",
      new Promise<ServerPeer>((resolve) => server.onPeer(resolve)),
    );
    expect(await peer.call("greet", "ada")).toBe(`hello ada from ${address}`);
  });

  test("a call ends with the one who should answer it", async () => {
    const client = await connect(ways[address]("serve"), { retry: false });
    cleanups.push(() => client.close());
    await expect(within("the call", client.call("leave"))).rejects.toMatchObject({ ran: "maybe" });
  });
});

test("a server takes in as many as it starts, each over a way of its own kind", async () => {
  const [workers, children, peers] = [port(), ipc(), over()];
  await using server = await serve([workers, children, peers]);
  workers.accept(startWorker("connect"));
  workers.accept(startWorker("connect"));
  children.accept(startFork("connect"));
  const spawned = await spawnPeer(process.execPath, [program, library, "connect", "fd:3"]);
  watched(spawned.child);
  peers.accept(spawned.connection);
  await within(
    "four peers",
    new Promise<void>((resolve) => {
      const look = (): void => {
        if (server.peers.size === 4) resolve();
      };
      server.onPeer(() => setImmediate(look));
    }),
  );
  const { answers } = await server.ask("greet", "all");
  expect(answers.map(({ value }) => value).sort()).toEqual([
    "hello all from fd:3",
    "hello all from ipc:",
    "hello all from port:",
    "hello all from port:",
  ]);
});

test("a client whose only thread is gone gives up, and says what would help", async () => {
  const worker = startWorker("serve");
  const client = await connect(port(worker));
  cleanups.push(() => client.close());
  await worker.terminate();
  const { by, error } = await within("the client's end", client.closed);
  expect(by).toBe("failure");
  expect(error).toMatchObject({
    code: "ERR_CONNECTION_LOST",
    message: expect.stringContaining("a function that makes one"),
  });
});

describe.skipIf(process.platform === "win32")("over the connection of spawnPeer", () => {
  async function startPeer(what: What) {
    const spawned = await spawnPeer(process.execPath, [program, library, what, "fd:3"]);
    watched(spawned.child);
    return spawned;
  }

  async function served(options: ServeOptions = {}) {
    const { child, connection } = await startPeer("connect");
    const server = await serve(over(connection), options);
    cleanups.push(() => server.close());
    const arrival = new Promise<ServerPeer>((resolve) => server.onPeer(resolve));
    return { child, server, peer: await within("a peer", arrival) };
  }

  test.each([{}, { resume: { windowMs: 60_000 } }])(
    "a server hears at once that its child is gone, with %j",
    async (options) => {
      const { child, peer } = await served(options);
      const call = peer.call("never");
      child.kill("SIGKILL");
      await expect(within("the call", call)).rejects.toMatchObject({
        code: "ERR_CONNECTION_LOST",
        ran: "maybe",
      });
      expect(await within("the peer's end", peer.closed)).toMatchObject({ by: "failure" });
    },
  );

  test("a client hears at once that its child is gone, and does not dial again", async () => {
    const { child, connection } = await startPeer("serve");
    const client = await connect(over(connection), { resume: { windowMs: 60_000 } });
    cleanups.push(() => client.close());
    expect(await client.call("greet", "ada")).toBe("hello ada from fd:3");
    const call = expect(client.call("never")).rejects.toMatchObject({ ran: "maybe" });
    child.kill("SIGKILL");
    await within("the call", call);
    const { by, error } = await within("the client's end", client.closed);
    expect([by, error?.code]).toEqual(["failure", "ERR_CONNECTION_LOST"]);
    expect(error?.message).toContain("a function that makes one");
  });

  test("a client whose child never speaks is told that it is gone", async () => {
    const { connection } = await spawnPeer(process.execPath, ["-e", ""]);
    await expect(within("an answer", connect(over(connection)))).rejects.toMatchObject({
      code: "ERR_CONNECTION_LOST",
    });
  });

  test("a child whose parent is gone is told so", async () => {
    const { child, connection } = await spawnPeer(
      process.execPath,
      [program, library, "connect and tell", "fd:3"],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    watched(child);
    const server = await serve(over(connection));
    await within("a peer", new Promise((resolve) => server.onPeer(resolve)));
    const said = once(child.stdout as Readable, "data");
    connection.abort();
    const [text]: unknown[] = await within("its report", said);
    expect(String(text)).toMatch(/^failure ERR_CONNECTION_LOST .*fd:3 carries one connection/);
    await server.close();
  });

  test("both ends tell each other of errors what processes of one machine tell", async () => {
    const fail = (): never => {
      throw Object.assign(new RangeError("my words"), { code: "E_OWN" });
    };
    const { peer } = await served({ handlers: { fail } });
    const remote = { name: "RangeError", message: "my words", code: "E_OWN" };
    await expect(peer.call("fail")).rejects.toMatchObject({ remote });
    expect(await peer.call("let fail")).toMatchObject(remote);
  });

  test("structured clone is used once the child wants it, too", async () => {
    const { child, connection } = await spawnPeer(process.execPath, [
      ...[program, library, "connect", "fd:3", "structured"],
    ]);
    watched(child);
    const server = await serve(over(connection), {
      contract: contract({ client: { same: call({ codec: "structured" }) } }),
    });
    cleanups.push(() => server.close());
    const arrival = new Promise<ServerPeer>((resolve) => server.onPeer(resolve));
    const peer = await within("a peer", arrival);
    expect(await peer.call("same", new Map([[1, new Set([2])]]))).toEqual(
      new Map([[1, new Set([2])]]),
    );
  });
});

test("a client that can make another thread goes on with it", async () => {
  const workers: Worker[] = [];
  const client = await connect(
    port(() => {
      const worker = startWorker("serve");
      workers.push(worker);
      return worker;
    }),
  );
  cleanups.push(() => client[Symbol.asyncDispose]());
  expect(await client.call("greet", "one")).toContain("one");
  const isBack = new Promise<void>((resolve) => {
    client.onState((state) => {
      if (state === "open") resolve();
    });
  });
  await workers[0]?.terminate();
  await within("another thread", isBack);
  expect(await client.call("greet", "two")).toContain("two");
  expect(workers).toHaveLength(2);
});

const broadcast = new BroadcastChannel("nobody");
broadcast.close();

const nothings: [string, unknown][] = [
  ["null", null],
  ["a number", 5],
  ["a text", "child"],
  ["an object", {}],
  ["an emitter of something else", { process: new EventTarget(), postMessage() {} }],
  ["what holds nothing", { process: null, postMessage: null }],
  ["a channel to many", broadcast],
  ["streams that are none", { stdin: {}, stdout: process.stdout }],
  ["what can be killed, as a worker of node:cluster", { kill() {} }],
  ["what says that it is a connection", { kind: "stream", connection: {} }],
];

describe.each([
  ["port()", port, "port(): takes a MessagePort, a Worker or "],
  ["ipc()", ipc, "ipc(): takes a child process, a worker of node:cluster or "],
  ["stdio()", stdio, "stdio(): takes a child process, { stdin, stdout } with two streams, or "],
  ["over()", over, "over(): takes a connection, such as "],
] as [string, (source?: never) => Way<never>, string][])("%s", (_, make, says) => {
  test.each(nothings)("says that %s is no carrier, each time", async (_name, nothing) => {
    const error = expect.objectContaining({
      code: "ERR_CONFIG",
      message: expect.stringContaining(says),
    });
    for (const way of [make(nothing as never), make((() => nothing) as never)]) {
      await expect(way.dial(way.address)).rejects.toEqual(error);
      await expect(way.listen(way.address, () => {})).rejects.toEqual(error);
    }
    expect(() => make().accept(nothing as never)).toThrow(error);
  });
});

test.each([
  ...["open", "send", "pause", "resume", "close", "abort", "ref", "unref"],
  ...["writable", "pendingBytes", "peer"],
])("over() says of a connection without %s what is missing", async (name) => {
  const { dialled } = connectedPair();
  const lame = new Proxy(dialled, {
    get: (target, key) => (key === name ? undefined : (Reflect.get(target, key) as unknown)),
  });
  const error = expect.objectContaining({
    code: "ERR_CONFIG",
    message: expect.stringMatching(new RegExp(`this has no ${name}$`)),
  });
  const way = over(lame);
  await expect(way.dial(way.address)).rejects.toEqual(error);
  expect(() => over().accept(lame)).toThrow(error);
});

test.each<[string, (source: never) => Way<never>]>([
  ["port()", port],
  ["ipc()", ipc],
  ["stdio()", stdio],
  ["over()", over],
])("a client of a function that gives %s nothing is told at once", async (_, make) => {
  let calls = 0;
  const way = make((() => void calls++) as never);
  await expect(connect(way)).rejects.toMatchObject({ code: "ERR_CONFIG" });
  expect(calls).toBe(1);
});

test("a child that Node could not start is another attempt's", async () => {
  // As it is where no descriptors are left: without streams.
  const child = new ChildProcess();
  const way = stdio(child);
  await expect(way.dial(way.address)).rejects.toMatchObject({
    code: "ERR_TRANSPORT",
    message: "stdio: the child could not be started",
  });
});
