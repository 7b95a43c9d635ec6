import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Connection, type NetworkAddress, type TcpOptions, tcp } from "myelin";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Recorder } from "../../../../test/conformance/recorder.ts";
import { echo } from "../../../../test/conformance/world.ts";
import { freePort } from "../../../../test/support/free-port.ts";
import { until, within } from "../../../../test/support/within.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of open.splice(0)) await end();
});

async function listen(
  options: TcpOptions = {},
  onConnection: (connection: Connection) => void = echo,
  host = "127.0.0.1",
) {
  const listener = await tcp(options).listen({ scheme: "tcp", host, port: 0 }, onConnection);
  open.push(() => listener.close());
  return listener;
}

async function dial(address: NetworkAddress, options: TcpOptions = {}): Promise<Connection> {
  const connection = await within("dial", tcp(options).dial(address));
  open.push(() => connection.abort());
  return connection;
}

const addressOf = (listener: { address: unknown }) => listener.address as NetworkAddress;

describe("the options", () => {
  test("reach the socket", async () => {
    const listener = await listen();
    const localPort = await freePort();
    // With an own address Node asks for one number, not for all.
    const lookup = vi.fn((_host, _options, callback) => callback(null, "127.0.0.1", 4));
    const { port } = addressOf(listener);
    const connection = await dial(
      { scheme: "tcp", host: "some.name", port },
      { localAddress: "127.0.0.2", localPort, lookup },
    );
    expect(connection.local).toEqual({ scheme: "tcp", host: "127.0.0.2", port: localPort });
    expect(connection.remote).toEqual({ scheme: "tcp", host: "127.0.0.1", port });
    expect(lookup).toHaveBeenCalledOnce();
  });

  test.each([true, false])("noDelay: %s reaches both ends", async (noDelay) => {
    const setNoDelay = vi.spyOn((await import("node:net")).Socket.prototype, "setNoDelay");
    open.push(() => setNoDelay.mockRestore());
    const sockets: Socket[] = [];
    const address = { scheme: "tcp", host: "127.0.0.1", port: 0 } as const;
    const listener = await tcp({ noDelay }).listen(address, ({ socket }) => sockets.push(socket));
    open.push(() => listener.close());
    const dialled = await tcp({ noDelay }).dial(listener.address);
    open.push(() => dialled.abort());
    await until("the accepted socket", () => sockets.length > 0);
    open.push(() => sockets[0]?.destroy());
    expect(latency(dialled.socket)).toBe(noDelay);
    expect(latency(sockets[0] as Socket)).toBe(noDelay);
  });

  // Node keeps what it told the system under a symbol; nothing public tells it.
  function latency(socket: Socket): boolean {
    const key = Object.getOwnPropertySymbols(socket).find(
      ({ description }) => description === "kSetNoDelay",
    );
    return key !== undefined && (socket as unknown as Record<symbol, unknown>)[key] === true;
  }

  test("close connections beyond the limit", async () => {
    const listener = await listen({ maxConnections: 1 });
    const first = new Recorder(await dial(addressOf(listener)));
    const second = new Recorder(await dial(addressOf(listener)));
    await second.closed();
    expect(first.closes).toBe(0);
  });
});

describe("an address", () => {
  test("tells the port that the system chose, and both ends of a connection", async () => {
    const accepted: Connection[] = [];
    const listener = await listen({}, (connection) => accepted.push(connection));
    const connection = await dial(addressOf(listener));
    await until("a connection", () => accepted.length > 0);
    expect(addressOf(listener).port).toBeGreaterThan(0);
    expect(accepted[0]?.remote).toEqual(connection.local);
    expect(accepted[0]?.local).toEqual(connection.remote);
    const hears = [connection, ...accepted].map((each) => new Recorder(each));
    connection.abort();
    await Promise.all(hears.map((each) => each.closed()));
    // Known even after the end, for whoever writes it down.
    expect(connection.remote).toEqual(listener.address);
  });

  test("that cannot be is refused with a code", async () => {
    const host = "192.0.2.1";
    await expect(listen({}, echo, host)).rejects.toMatchObject({
      code: "ERR_INVALID_ADDRESS",
      address: "tcp://192.0.2.1:0",
    });
    await expect(listen({}, echo, "no such host")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    await expect(dial({ scheme: "tcp", host: "no such host", port: 1 })).rejects.toMatchObject({
      code: "ERR_NOT_FOUND",
    });
    await expect(dial({ scheme: "tcp", host: "127.0.0.1", port: -1 })).rejects.toMatchObject({
      code: "ERR_INVALID_ADDRESS",
    });
  });

  test("with several numbers fails with all of them", async () => {
    const port = await freePort();
    const lookup = ((_host, _options, callback) =>
      callback(null, [
        { address: "127.0.0.1", family: 4 },
        { address: "::1", family: 6 },
      ])) as NonNullable<TcpOptions["lookup"]>;
    await expect(dial({ scheme: "tcp", host: "two", port }, { lookup })).rejects.toMatchObject({
      code: "ERR_CONNECTION_REFUSED",
      message: expect.stringMatching(/127\.0\.0\.1.*::1/),
    });
  });
});

describe("a peer that resets the connection", () => {
  test("is an error of that connection", async () => {
    const recorders: Recorder[] = [];
    const listener = await listen({}, (connection) => recorders.push(new Recorder(connection)));
    const socket = connect(addressOf(listener).port, "127.0.0.1");
    await once(socket, "connect");
    await until("a connection", () => recorders.length > 0);
    socket.resetAndDestroy();
    await recorders[0]?.closed();
    expect(recorders[0]?.error).toMatchObject({
      code: "ERR_CONNECTION_LOST",
      cause: expect.objectContaining({ code: "ECONNRESET" }),
    });
  });
});

describe("the real socket", () => {
  test("may be used by who extends the library", async () => {
    const listener = await listen();
    let given: Socket | undefined;
    const dialling = tcp().dial(listener.address, {
      onSocket: (socket) => {
        given = socket;
      },
    });
    expect(given?.connecting).toBe(true);
    const connection = await dialling;
    expect(connection.socket).toBe(given);
    const hears = new Recorder(connection);
    connection.socket.destroy();
    await hears.closed();
    expect(hears.error).toBeUndefined();
    expect(() => connection.send("x")).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });

  test("may be ended by its owner, and nothing is lost", async () => {
    const listener = await listen();
    const connection = await tcp().dial(listener.address);
    const hears = new Recorder(connection);
    connection.send("last words");
    connection.socket.end();
    await hears.closed();
    expect(hears.bytes.toString()).toBe("last words");
  });
});

test("a failure of the listener itself is heard", async () => {
  const listener = await listen();
  const heard: unknown[] = [];
  listener.server.emit("error", new Error("nobody hears yet"));
  listener.onError = (error) => heard.push(error);
  listener.server.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE" }));
  expect(heard).toEqual([
    expect.objectContaining({ code: "ERR_TRANSPORT", message: expect.stringContaining("ulimit") }),
  ]);
});
