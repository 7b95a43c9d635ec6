// Finding 10: `socket` and `server.server` are Node's own objects, there as early as programs use them.

import dgram from "node:dgram";
import { once } from "node:events";
import { existsSync } from "node:fs";
import net from "node:net";
import { describe, expect, test, vi } from "vitest";
import {
  clientOf,
  collect,
  connectLocal,
  next,
  open,
  pair,
  serveLocal,
  serveUdp,
} from "./scenario.ts";
import { staleSocket } from "./stale-socket.ts";
import { everyVersion, ours, type Peer } from "./versions.ts";

describe.each(everyVersion)("the sockets of $name", (version) => {
  test("finding 10: both ends are instances of net.Socket", async () => {
    const { client, server, peer } = await pair(version);
    expect(client.socket).toBeInstanceOf(net.Socket);
    expect(client.socket.writableLength).toBe(0);
    expect(peer).toBeInstanceOf(net.Socket);
    expect(server.sockets).toEqual([peer]);
    expect(server.sockets[0]).toBe(peer);
  });

  test("finding 10: server.server is the net.Server", async () => {
    const server = await serveLocal(open(version));
    expect(server.server).toBeInstanceOf(net.Server);
    expect(server.server.listening).toBe(true);
    expect(server.server.address()).toBeTypeOf("string");
  });

  test("a UDP server's is the dgram socket", async () => {
    const server = await serveUdp(open(version));
    expect(server.server).toBeInstanceOf(dgram.Socket);
  });

  test("socket.end() of a client ends in its disconnect and the server's socket.disconnected", async () => {
    const { client, server, connecting, peer } = await pair(version);
    connecting.config.stopRetrying = true;
    const disconnected = next(client, "disconnect");
    const gone = next<[Peer, unknown]>(server, "socket.disconnected");
    client.socket.end();
    await disconnected;
    expect((await gone)[0]).toBe(peer);
    expect(server.sockets).toEqual([]);
  });

  test("socket.destroy() on the server ends in the client's disconnect", async () => {
    const { client, connecting, peer } = await pair(version);
    connecting.config.stopRetrying = true;
    const destroyed = next(client, "destroy");
    peer.destroy();
    await destroyed;
    expect(client.socket.destroyed).toBe(true);
  });

  test("what a program writes to the socket itself goes out after what it emitted before", async () => {
    const { client, server, peer } = await pair(version);
    const atServer = collect(server, "n");
    const atClient = collect(client, "n");
    client.emit("n", 1);
    client.socket.write('{"type":"n","data":2}\f');
    client.emit("n", 3);
    server.emit(peer, "n", 1);
    peer.write('{"type":"n","data":2}\f');
    server.emit(peer, "n", 3);
    await atServer.atLeast(3);
    await atClient.atLeast(3);
    expect(atServer.data).toEqual([1, 2, 3]);
    expect(atClient.data).toEqual([1, 2, 3]);
  });

  test("client.connect() of a living connection changes nothing", async () => {
    // 9.2.1 opens a second connection there, and forgets the first.
    if (version.name.includes("9.2.1")) return;
    const { client, server } = await pair(version);
    const { socket } = client;
    client.connect();
    expect(client.socket).toBe(socket);
    const heard = collect(server, "n");
    client.emit("n", 1);
    await heard.atLeast(1);
    expect(server.sockets).toHaveLength(1);
  });
});

describe("how early our sockets are there", () => {
  test("finding 10: server.server exists when start() returns, and listens a setImmediate later", async () => {
    const ipc = open();
    ipc.serve();
    expect(ipc.server.server).toBe(false);
    ipc.server.start();
    expect(ipc.server.server).toBeInstanceOf(net.Server);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ipc.server.server.listening).toBe(true);
  });

  test("client.socket exists when connectTo returns", () => {
    const ipc = open();
    ipc.connectTo("world");
    expect(clientOf(ipc).socket).toBeInstanceOf(net.Socket);
  });

  test("finding 10: server.server stays the same object when a stale file had to go", async () => {
    const ipc = open();
    await staleSocket(`${ipc.config.socketRoot}app.world`);
    ipc.serve();
    const started = next(ipc.server, "start");
    ipc.server.start();
    const { server } = ipc.server;
    await started;
    expect(ipc.server.server).toBe(server);
    expect(server.listening).toBe(true);
  });

  test("finding 10: server.server.close(callback), then stop(), as detox does", async () => {
    const { server, client, connecting } = await pair();
    connecting.config.stopRetrying = true;
    const errors = collect(server, "error");
    const closed = vi.fn();
    const gone = next(client, "destroy");
    server.server.close(closed);
    server.stop();
    await gone;
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(1));
    expect(errors.calls).toEqual([]);
    expect(existsSync(server.path)).toBe(false);
  });

  test("finding 10: a server that the program closed itself can be served anew", async () => {
    const ipc = open();
    const server = await serveLocal(ipc);
    const closed = once(server.server, "close");
    server.server.close();
    await closed;
    const again = await serveLocal(ipc);
    const client = await connectLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
    const heard = collect(again, "n");
    client.emit("n", 1);
    await heard.atLeast(1);
  });

  test("finding 10: a program that closes the server before it listens breaks nothing", async () => {
    const ipc = open();
    ipc.serve();
    ipc.server.start();
    const closed = once(ipc.server.server, "close");
    ipc.server.server.close();
    await closed;
    expect(() => ipc.server.stop()).not.toThrow();
  });
});
