// Finding 1: what was emitted just before a connection ends arrives, as it does with the real versions.
import { describe, expect, test as plain } from "vitest";
import { canRun, type Implementation } from "../../../test/support/implementations.ts";
import { type Programs, test } from "../../../test/support/program.ts";
import { clientOf, collect, next, open, pair, serveLocal } from "./scenario.ts";
import { type Client, everyVersion, type Ipc, ours, type Peer } from "./versions.ts";
import { dial, listen } from "./wire-peer.ts";

const counts = [1, 10, 100];

const clientEndings: Record<string, (ipc: Ipc, client: Client) => void> = {
  "ipc.disconnect(id)": (ipc) => ipc.disconnect("world"),
  "socket.destroy()": (_, client) => client.socket.destroy(),
  "socket.end()": (_, client) => client.socket.end(),
  "socket.destroySoon()": (_, client) => client.socket.destroySoon(),
};

const serverEndings: Record<string, (ipc: Ipc, peer: Peer) => void> = {
  "socket.destroy()": (_, peer) => peer.destroy(),
  "socket.end()": (_, peer) => peer.end(),
  "socket.destroySoon()": (_, peer) => peer.destroySoon(),
};

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe.each(everyVersion)("last words with $name", (version) => {
  describe.each(Object.entries(clientEndings))("a client's, before %s", (_, end) => {
    plain.each(counts)("finding 1: %i messages of the connect handler arrive", async (count) => {
      const serving = open(version);
      const server = await serveLocal(serving);
      const ipc = open(version, { socketRoot: serving.config.socketRoot, maxRetries: 0 });
      const heard = collect(server, "n");
      const closed = next(server, "close");
      ipc.connectTo("world");
      const client = clientOf(ipc);
      client.on("connect", () => {
        for (let n = 0; n < count; n += 1) client.emit("n", n);
        end(ipc, client);
      });
      await closed;
      expect(heard.data).toEqual(numbers(count));
    });
  });

  describe.each(Object.entries(serverEndings))("a server's, before %s", (_, end) => {
    plain.each(counts)("finding 1: %i messages arrive", async (count) => {
      const { client, connecting, server, serving, peer } = await pair(version);
      connecting.config.stopRetrying = true;
      const heard = collect(client, "n");
      const disconnected = next(client, "disconnect");
      for (let n = 0; n < count; n += 1) server.emit(peer, "n", n);
      end(serving, peer);
      await disconnected;
      expect(heard.data).toEqual(numbers(count));
    });
  });
});

const program = new URL("./programs/last-words.mjs", import.meta.url);

/** What of `count` messages a plain server gets from a program that emits them and exits at once. */
async function heardOf(
  programs: Programs,
  implementation: Implementation,
  count: number,
  bytes = 0,
): Promise<number> {
  const server = await listen(`${programs.socketRoot}app.world`);
  const client = programs.start(program, { implementation, options: { count, bytes } });
  const wire = await server.peer();
  await wire.untilClosed();
  expect(await client.exit).toEqual({ code: 0, signal: null });
  return wire.frames().length;
}

describe("last words before process.exit()", () => {
  const implementations = ["ours", "node-ipc@9.2.1", "node-ipc@14.0.0"] as const;
  for (const implementation of implementations.filter(canRun)) {
    test.for(counts)(
      `finding 1: %i messages of ${implementation} arrive`,
      async (count, { programs }) => {
        expect(await heardOf(programs, implementation, count)).toBe(count);
      },
    );
  }

  test("finding 1: a thousand small ones arrive, too", async ({ programs }) => {
    expect(await heardOf(programs, "ours", 1_000)).toBe(1_000);
  });

  test("what an exit handler emits, added after connecting, arrives", async ({ programs }) => {
    const server = await listen(`${programs.socketRoot}app.world`);
    const client = programs.start(new URL("./programs/exit-handler.mjs", import.meta.url), {
      implementation: "ours",
    });
    const wire = await server.peer();
    await wire.untilClosed();
    expect(await client.exit).toEqual({ code: 0, signal: null });
    expect(wire.frames()).toHaveLength(10);
  });

  test.for(["exit", "stop", "broadcast"])(
    "finding 1: a server's, by %s",
    async (how, { programs }) => {
      const server = programs.start<{ type: "started"; path: string }>(
        new URL("./programs/last-words-server.mjs", import.meta.url),
        { implementation: "ours", options: { count: 100, how } },
      );
      const { path } = await server.next("started");
      const wire = await dial(path);
      await wire.untilClosed();
      expect(wire.frames()).toHaveLength(100);
      expect(await server.exit).toEqual({ code: 0, signal: null });
    },
  );
});

describe("our disconnect", () => {
  plain("finding 1: waits until a large message is out, and then ends the connection", async () => {
    const { server, client, connecting } = await pair();
    const heard = collect<[string]>(server, "large");
    const closed = next(server, "close");
    client.emit("large", "x".repeat(8 * 2 ** 20));
    connecting.disconnect("world");
    await closed;
    expect(heard.data.map((text) => text.length)).toEqual([8 * 2 ** 20]);
  });

  plain("finding 1: gives up on a peer that does not read, after a second", async () => {
    const ipc = open();
    const server = await listen(`${ipc.config.socketRoot}app.world`);
    ipc.connectTo("world");
    const client = clientOf(ipc);
    await next(client, "connect");
    (await server.peer()).socket.pause();
    client.emit("large", "x".repeat(8 * 2 ** 20));
    const destroyed = next(client, "destroy");
    const since = performance.now();
    ipc.disconnect("world");
    expect(ipc.of["world"]).toBeUndefined();
    await destroyed;
    const waited = performance.now() - since;
    expect(waited).toBeGreaterThan(900);
    expect(waited).toBeLessThan(5_000);
    expect(client.socket.destroyed).toBe(true);
  });

  plain("finding 1: resetAndDestroy() on TCP hands over what was emitted before it", async () => {
    const server = await listen(0);
    const ipc = open(ours, { maxRetries: 0 });
    ipc.connectToNet("world", "127.0.0.1", server.port);
    const client = clientOf(ipc);
    await next(client, "connect");
    client.emit("n", 1);
    client.socket.resetAndDestroy();
    expect(client.socket.bytesWritten).toBe('{"type":"n","data":1}\f'.length);
    await (await server.peer()).untilClosed();
  });
});
