// ipc.config: its defaults, when it is read, and that it stays the program's own object.
import { createRequire } from "node:module";
import os from "node:os";
import { describe, expect, test, vi } from "vitest";
import { freePort } from "../../../test/support/free-port.ts";
import {
  clientOf,
  collect,
  connectLocal,
  connectTcp,
  failureOf,
  next,
  open,
  pair,
  serveLocal,
  serveTcp,
  start,
} from "./scenario.ts";
import { bundle, everyVersion, type IpcModule, ours, type Peer } from "./versions.ts";
import { dial, frame, listen } from "./wire-peer.ts";

const require = createRequire(import.meta.url);

describe("defaults", () => {
  test("are those of node-ipc, and large limits", () => {
    const { logger, ...values } = ours.create().config;
    expect(logger).toBeTypeOf("function");
    expect(values).toEqual({
      appspace: "app.",
      socketRoot: "/tmp/",
      id: os.hostname(),
      networkHost: "127.0.0.1",
      IPType: "IPv4",
      networkPort: 8000,
      encoding: "utf8",
      rawBuffer: false,
      sync: false,
      silent: false,
      logInColor: true,
      logDepth: 5,
      logPayloads: false,
      maxConnections: 100,
      retry: 500,
      maxRetries: Number.POSITIVE_INFINITY,
      stopRetrying: false,
      delimiter: "\f",
      unlink: true,
      readableAll: false,
      writableAll: false,
      interface: {
        localAddress: false,
        localPort: false,
        family: false,
        hints: false,
        lookup: false,
      },
      tls: false,
      parser: "fast",
      maxMessageSize: 128 * 2 ** 20,
      maxPendingBytes: 64 * 2 ** 20,
      maxEventNameLength: 4096,
      messageTimeout: 0,
      allowReservedEvents: false,
      allowedEvents: false,
      identifyPeer: true,
      secureSocketRoot: false,
      offline: "queue",
      maxQueueBytes: 8 * 2 ** 20,
      maxQueueMessages: 10_000,
      legacyPayloads: false,
    });
  });

  test("the logger is console.log", () => {
    const write = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      const ipc = ours.create();
      ipc.log("to the console");
      expect(write.mock.calls).toEqual([["to the console"]]);
    } finally {
      write.mockRestore();
    }
  });

  test("finding 28: all are plain own properties, so that a spread copies them", () => {
    const { config } = ours.create();
    const copy = { ...config };
    for (const name in config) {
      expect(Object.getOwnPropertyDescriptor(config, name)).toMatchObject({
        enumerable: true,
        writable: true,
        value: copy[name as keyof typeof copy],
      });
    }
    expect(copy.networkHost).toBe("127.0.0.1");
    expect(copy.IPType).toBe("IPv4");
  });

  test("finding 28: the network interfaces are never asked for, not even on import", async () => {
    const interfaces = vi.spyOn(os, "networkInterfaces").mockImplementation(() => {
      throw new Error("not in this sandbox");
    });
    const cached = require.cache[bundle];
    delete require.cache[bundle];
    try {
      const ipc = open({ ...ours, create: () => new (require(bundle) as IpcModule).IPC() });
      const server = await serveLocal(ipc);
      await connectLocal(open(ours, { socketRoot: ipc.config.socketRoot }));
      await serveTcp(open());
      expect(server.sockets).toHaveLength(1);
      expect(interfaces).not.toHaveBeenCalled();
    } finally {
      interfaces.mockRestore();
      if (cached) require.cache[bundle] = cached;
    }
  });

  test("each instance has its own, nested objects included", () => {
    const one = ours.create();
    const two = ours.create();
    expect(one.config).not.toBe(two.config);
    expect(one.config.interface).not.toBe(two.config.interface);
  });
});

describe.each(everyVersion)("config with $name", (version) => {
  test("finding 9: server.config and client.config are the very object", async () => {
    const { server, serving, client, connecting } = await pair(version);
    expect(server.config).toBe(serving.config);
    expect(client.config).toBe(connecting.config);
  });

  test("unknown keys are kept", async () => {
    const ipc = open(version);
    Object.assign(ipc.config, { ofTheProgram: { kept: true } });
    const server = await serveLocal(ipc);
    expect(server.config).toMatchObject({ ofTheProgram: { kept: true } });
  });

  test("finding 9: ids set after the module was loaded count", async () => {
    const ipc = open(version);
    ipc.config.appspace = "space.";
    ipc.config.id = "later";
    const server = await serveLocal(ipc);
    expect(server.path).toBe(`${ipc.config.socketRoot}space.later`);
  });

  test("finding 9: `silent` may be flipped around each emit, and nothing is lost", async () => {
    const { client, connecting, server } = await pair(version);
    const heard = collect(server, "n");
    connecting.config.logger = () => {};
    for (let n = 0; n < 10; n += 1) {
      connecting.config.silent = n % 2 === 0;
      client.emit("n", n);
      connecting.config.silent = n % 2 === 1;
    }
    await heard.atLeast(10);
    expect(heard.data).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("interface: localAddress and localPort are where a TCP client comes from", async () => {
    const server = await serveTcp(open(version));
    const localPort = await freePort();
    const ipc = open(version);
    Object.assign(ipc.config.interface, { localAddress: "127.0.0.2", localPort });
    const accepted = next<[Peer]>(server, "connect");
    await connectTcp(ipc, server.port as number);
    const [peer] = await accepted;
    expect(peer.remoteAddress).toBe("127.0.0.2");
    expect(peer.remotePort).toBe(localPort);
  });

  test("interface: lookup is asked for the address, with the wanted family and hints", async () => {
    const server = await serveTcp(open(version));
    const ipc = open(version);
    const asked: unknown[] = [];
    const lookup = (
      host: string,
      options: { family?: number; hints?: number; all?: boolean },
      callback: (...args: unknown[]) => void,
    ) => {
      asked.push(host, options.family, options.hints);
      if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
      else callback(null, "127.0.0.1", 4);
    };
    Object.assign(ipc.config.interface, { lookup, family: 4, hints: 0x20 });
    ipc.connectToNet("world", "some.host.example", server.port);
    await next(clientOf(ipc), "connect");
    expect(asked).toEqual(["some.host.example", 4, 0x20]);
  });
});

describe("when our config is read", () => {
  test("finding 9: logger and silent are read live", async () => {
    const { client, connecting, server } = await pair();
    const lines: string[] = [];
    connecting.config.logger = (line) => lines.push(line);
    const heard = collect(server, "n");
    client.emit("n", 1);
    await heard.atLeast(1);
    expect(lines).toEqual([]);
    connecting.config.silent = false;
    client.emit("n", 2);
    expect(lines.length).toBeGreaterThan(0);
    const before = lines.length;
    connecting.config.silent = true;
    client.emit("n", 3);
    await heard.atLeast(3);
    expect(lines).toHaveLength(before);
  });

  test("finding 9: offline is read live", async () => {
    const ipc = open();
    ipc.connectTo("world");
    const client = clientOf(ipc);
    await next(client, "disconnect");
    client.emit("kept", 1);
    ipc.config.offline = "drop";
    client.emit("dropped", 2);
    ipc.config.offline = "queue";
    client.emit("kept", 3);
    const plain = await listen(client.path);
    const wire = await plain.peer();
    expect(await wire.frameCount(2)).toEqual([
      '{"type":"kept","data":1}',
      '{"type":"kept","data":3}',
    ]);
  });

  test("finding 9: what a server needs is read at start(), not at serve()", async () => {
    const ipc = open();
    ipc.serve();
    ipc.config.delimiter = "\n";
    const server = await start(ipc);
    const heard = collect(server, "t");
    const wire = await dial(server.path);
    wire.send(frame("t", 1, "\n"));
    await heard.atLeast(1);
    ipc.config.delimiter = "\t"; // Too late for this server.
    wire.send(frame("t", 2, "\n"));
    await heard.atLeast(2);
    expect(heard.data).toEqual([1, 2]);
  });

  test("finding 9: what a client needs is read at each attempt to connect", async () => {
    const ipc = open();
    ipc.connectTo("world");
    const client = clientOf(ipc);
    await next(client, "disconnect");
    ipc.config.delimiter = "\n";
    const plain = await listen(client.path);
    await next(client, "connect");
    const wire = await plain.peer();
    client.emit("t", 1);
    expect(await wire.frameCount(1, "\n")).toEqual(['{"type":"t","data":1}']);
  });

  test.each(["tcp", "local"])(
    "finding 20: maxConnections holds on %s; who is one too many is cut",
    async (kind) => {
      const ipc = open(ours, { maxConnections: 2 });
      const server = await (kind === "tcp" ? serveTcp(ipc) : serveLocal(ipc));
      const target = kind === "tcp" ? (server.port as number) : server.path;
      const accepted = collect(server, "connect");
      const first = await dial(target);
      await dial(target);
      await accepted.atLeast(2);
      const third = await dial(target);
      await third.untilClosed();
      expect(server.sockets).toHaveLength(2);
      const gone = next(server, "close");
      first.socket.destroy();
      await gone;
      await dial(target);
      await accepted.atLeast(3);
    },
  );

  test("a port that is taken is told with the address", async () => {
    const first = await serveTcp(open());
    const ipc = open();
    ipc.serveNet("127.0.0.1", first.port);
    const error = await failureOf(
      () => ipc.server,
      () => ipc.server.start(),
    );
    expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "listen", port: first.port });
  });
});
