// Finding 33: what emit and broadcast return.
import { describe, expect, test } from "vitest";
import { clientOf, next, open, pair, serveLocal } from "./scenario.ts";
import { everyVersion, ours, type Peer } from "./versions.ts";
import { dial, listen } from "./wire-peer.ts";

// 9.2.1 returns nothing at all.
const telling = everyVersion.filter(({ name }) => !name.includes("9.2.1"));

describe.each(telling)("the result of emit with $name", (version) => {
  test("finding 33: a small message gives true, on both sides", async () => {
    const { client, server, peer } = await pair(version);
    expect(client.emit("small")).toBe(true);
    expect(server.emit(peer, "small", 1)).toBe(true);
    expect(server.broadcast("small", [1, 2, 3])).toBe(true);
  });

  test("finding 33: over the high-water mark a client gives false", async () => {
    const ipc = open(version);
    const plain = await listen(`${ipc.config.socketRoot}app.world`);
    ipc.connectTo("world");
    const client = clientOf(ipc);
    await next(client, "connect");
    (await plain.peer()).socket.pause();
    expect(client.emit("large", "x".repeat(4 * 2 ** 20))).toBe(false);
    expect(client.emit("small")).toBe(false);
  });

  test("finding 33: over the high-water mark a server gives false, a broadcast for any of its sockets", async () => {
    const server = await serveLocal(open(version));
    const accepted = next<[Peer]>(server, "connect");
    const slow = await dial(server.path);
    const [peer] = await accepted;
    slow.socket.pause();
    expect(server.emit(peer, "large", "x".repeat(4 * 2 ** 20))).toBe(false);
    const second = next<[Peer]>(server, "connect");
    await dial(server.path);
    const [healthy] = await second;
    expect(server.broadcast("small")).toBe(false);
    expect(server.emit(healthy, "small")).toBe(true);
  });

  test("a broadcast to nobody gives true", async () => {
    const server = await serveLocal(open(version));
    expect(server.broadcast("news")).toBe(true);
  });
});

describe("the result of our emit", () => {
  test("after the mark was passed and the peer has read, it is true again", async () => {
    const { client, server } = await pair();
    const arrived = next(server, "large");
    expect(client.emit("large", "x".repeat(4 * 2 ** 20))).toBe(false);
    await arrived;
    await client.flush();
    expect(client.emit("small")).toBe(true);
  });

  test("on/once/off return the object, emit does not", async () => {
    const { client } = await pair(ours);
    expect(client.on("a", () => {}).once("b", () => {})).toBe(client);
    expect(client.emit("a")).not.toBe(client);
  });

  test("what is kept while there is no connection was accepted: true", async () => {
    const ipc = open();
    ipc.connectTo("world");
    expect(clientOf(ipc).emit("early")).toBe(true);
  });

  test("to a socket that is gone it gives false", async () => {
    const { client, server, peer } = await pair();
    const gone = next(server, "close");
    client.socket.destroy();
    await gone;
    expect(server.emit(peer, "late")).toBe(false);
  });
});
