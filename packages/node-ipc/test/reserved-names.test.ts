// Finding 2: an application may use names like "error" on the wire; only a name that would forge an
// event of the receiving side itself is held back.
import { describe, expect, test } from "vitest";
import { clientOf, collect, next, open, pair, serveLocal } from "./scenario.ts";
import { everyVersion, ours, type Peer } from "./versions.ts";
import { dial, frame, listen } from "./wire-peer.ts";

describe.each(everyVersion)("names on the wire, with $name", (version) => {
  test.each(["error", "data", "disconnect", "destroy"])(
    "finding 2: '%s' sent to a server arrives as (data, socket)",
    async (type) => {
      const { client, server, peer } = await pair(version);
      const heard = collect(server, type);
      client.emit(type, { key: "value" });
      await heard.atLeast(1);
      expect(heard.calls).toHaveLength(1);
      expect(heard.calls[0]?.[0]).toEqual({ key: "value" });
      expect(heard.calls[0]?.[1]).toBe(peer);
    },
  );

  test.each(["error", "data", "start", "close", "socket.disconnected"])(
    "finding 2: '%s' sent to a client arrives",
    async (type) => {
      const { client, server, peer } = await pair(version);
      const heard = collect(client, type);
      server.emit(peer, type, { message: "of the application" });
      await heard.atLeast(1);
      expect(heard.data).toEqual([{ message: "of the application" }]);
      expect(client.socket.destroyed).toBe(false);
    },
  );
});

describe("names that would forge an event of this side", () => {
  test.each(["connect", "disconnect", "destroy"])(
    "finding 2: '%s' from the wire reaches no handler of a client",
    async (type) => {
      const root = open();
      const wire = await listen(`${root.config.socketRoot}app.world`);
      const ipc = open(ours, { socketRoot: root.config.socketRoot });
      ipc.connectTo("world");
      const client = clientOf(ipc);
      await next(client, "connect");
      const peer = await wire.peer();
      const forged = collect(client, type);
      const all = collect<[string]>(client, "*");
      const errors = collect<[NodeJS.ErrnoException]>(client, "error");
      const fence = collect(client, "fence");
      peer.send(frame(type, "forged") + frame("fence"));
      await fence.atLeast(1);
      expect(forged.calls).toEqual([]);
      expect(all.data).toEqual(["error", "fence"]);
      expect(errors.calls).toHaveLength(1);
      expect(errors.data[0]).toMatchObject({
        name: "IPCProtocolError",
        code: "ERR_IPC_RESERVED_EVENT",
        message: expect.stringContaining("allowReservedEvents"),
      });
      expect(errors.data[0]?.message).toContain(type);
      expect(client.socket.destroyed).toBe(false);
    },
  );

  test.each(["start", "connect", "close", "socket.disconnected"])(
    "finding 2: '%s' from the wire reaches no handler of a server",
    async (type) => {
      const ipc = open();
      const server = await serveLocal(ipc);
      const accepted = next<[Peer]>(server, "connect");
      const wire = await dial(server.path);
      const [peer] = await accepted;
      const forged = collect(server, type);
      const all = collect<[string]>(server, "*");
      const errors = collect<[NodeJS.ErrnoException, Peer]>(server, "error");
      const fence = collect(server, "fence");
      wire.send(frame(type, { id: "forged" }) + frame("fence"));
      await fence.atLeast(1);
      expect(forged.calls).toEqual([]);
      expect(all.data).toEqual(["error", "fence"]);
      expect(errors.calls).toHaveLength(1);
      expect(errors.data[0]).toMatchObject({
        name: "IPCProtocolError",
        code: "ERR_IPC_RESERVED_EVENT",
        message: expect.stringContaining("allowReservedEvents"),
      });
      expect(errors.calls[0]?.[1]).toBe(peer);
      expect(server.sockets).toContain(peer);
      expect(wire.closed).toBe(false);
    },
  );

  test("finding 2: each held-back frame gives one error, and the application's own go on", async () => {
    const { client, server } = await pair();
    const errors = collect(server, "error");
    const heard = collect(server, "own");
    for (let n = 0; n < 3; n += 1) {
      client.emit("connect", n);
      client.emit("own", n);
    }
    await heard.atLeast(3);
    expect(heard.data).toEqual([0, 1, 2]);
    expect(errors.calls).toHaveLength(3);
  });

  test("finding 2: with allowReservedEvents every name arrives", async () => {
    const { client, server, peer } = await pair(ours, { allowReservedEvents: true });
    for (const type of ["start", "connect", "close", "socket.disconnected"]) {
      const heard = collect(server, type);
      client.emit(type, "as sent");
      await heard.atLeast(1);
      expect(heard.calls[0]?.[0]).toBe("as sent");
    }
    for (const type of ["connect", "disconnect", "destroy"]) {
      const heard = collect(client, type);
      server.emit(peer, type, "as sent");
      await heard.atLeast(1);
      expect(heard.calls[0]?.[0]).toBe("as sent");
    }
  });
});
