// Runs the vectors of docs/protocol.md against the drop-in, from its real socket to its real handlers:
// what it writes is these bytes, and what it makes of these bytes is these events.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

interface Event {
  type: string;
  data?: unknown;
}

interface Vectors {
  frames: (Event & { name: string; hex: string; received?: unknown })[];
  received: { name: string; hex: string; events: Event[] }[];
  refused: { name: string; hex: string; code: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../docs/vectors/node-ipc.json", import.meta.url), "utf8"),
) as Vectors;

const { IPC } = createRequire(import.meta.url)("../../packages/node-ipc/index.js") as {
  IPC: new () => import("../../packages/node-ipc/index.js").IPC;
};

let root = "";
let ipc = new IPC();

beforeEach(() => {
  root = `${mkdtempSync(join(tmpdir(), "vectors-"))}/`;
  ipc = new IPC();
  Object.assign(ipc.config, { silent: true, socketRoot: root, id: "world" });
});

afterEach(async () => {
  await ipc.close({ timeoutMs: 1_000 }).catch(() => {});
  rmSync(root, { recursive: true, force: true });
});

/** A server of ours, a bare socket that is connected to it, and what the server hears. */
async function heardFrom(hex: string): Promise<{ events: Event[]; errors: { code?: string }[] }> {
  const events: Event[] = [];
  const errors: { code?: string }[] = [];
  ipc.serve();
  const { server } = ipc;
  server.on("error", (error: { code?: string }) => errors.push(error));
  server.on("*", (type: string, data: unknown) => {
    if (!["start", "connect", "error", "close", "socket.disconnected"].includes(type)) {
      events.push({ type, data });
    }
  });
  await server.listen();
  const closed = new Promise((resolve) => server.on("close", resolve));
  const socket = connect(server.path);
  // A refusal may be a reset.
  socket.on("error", () => {});
  socket.end(Buffer.from(hex, "hex"));
  await closed;
  return { events, errors };
}

describe("what we write", () => {
  test.each(vectors.frames)("$name", async ({ type, data, hex }) => {
    const accepted: Socket[] = [];
    const bare = createServer((socket) => accepted.push(socket)).listen(`${root}app.world`);
    await once(bare, "listening");
    const connection = once(bare, "connection");
    ipc.connectTo("world");
    ipc.of["world"]?.emit(type, data);
    await connection;
    const [socket] = accepted as [Socket];
    const [bytes] = (await once(socket, "data")) as [Buffer];
    expect(bytes.toString("hex")).toBe(hex);
    socket.destroy();
    bare.close();
  });
});

describe("what we read", () => {
  test.each(vectors.frames)("$name", async ({ type, data, hex, received }) => {
    const { events, errors } = await heardFrom(hex);
    expect(events).toEqual([{ type, data: received ?? data }]);
    expect(errors).toEqual([]);
  });

  test.each(vectors.received)("$name", async ({ hex, events }) => {
    const heard = await heardFrom(hex);
    expect(heard.events).toEqual(events);
    expect(heard.errors).toEqual([]);
  });
});

describe("what we refuse", () => {
  test.each(vectors.refused)("$name", async ({ hex, code }) => {
    const { events, errors } = await heardFrom(hex);
    expect(events).toEqual([]);
    expect(errors.map((error) => error.code)).toEqual([code]);
  });
});
