// Finding 18: what an error looks like. Failures of the system are Node's own; ours have a code.
import { chmodSync } from "node:fs";
import { describe, expect } from "vitest";
import { freePort } from "../../../test/support/free-port.ts";
import { test } from "../../../test/support/program.ts";
import { clientOf, collect, failureOf, next, open, pair, serveLocal, start } from "./scenario.ts";
import { everyVersion, loadOurs, ours } from "./versions.ts";
import { dial } from "./wire-peer.ts";

type Coded = NodeJS.ErrnoException & { port?: number; address?: string };

describe.each(everyVersion)("failures of the system, with $name", (version) => {
  test("finding 18: ENOENT of a client keeps code, syscall and address, which is the path", async () => {
    const ipc = open(version, { maxRetries: 0 });
    ipc.connectTo("world");
    const [error] = await next<[Coded]>(clientOf(ipc), "error");
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      code: "ENOENT",
      syscall: "connect",
      address: `${ipc.config.socketRoot}app.world`,
    });
    expect(error.errno).toBeTypeOf("number");
    expect(error.message).toContain("connect ENOENT");
  });

  test("finding 18: ECONNREFUSED keeps code, syscall, address and port", async () => {
    const ipc = open(version, { maxRetries: 0 });
    const port = await freePort();
    ipc.connectToNet("world", "127.0.0.1", port);
    const [error] = await next<[Coded]>(clientOf(ipc), "error");
    expect(error).toMatchObject({
      code: "ECONNREFUSED",
      syscall: "connect",
      address: "127.0.0.1",
      port,
    });
  });

  test("finding 18: EADDRINUSE of a TCP server", async () => {
    const port = await freePort();
    const first = open(version);
    first.serveNet("127.0.0.1", port);
    await start(first);
    const second = open(version);
    second.serveNet("127.0.0.1", port);
    await expect(start(second)).rejects.toMatchObject({
      code: "EADDRINUSE",
      syscall: "listen",
      address: "127.0.0.1",
      port,
    });
  });

  test("finding 18: an address of nobody's", async () => {
    const ipc = open(version);
    ipc.serveNet("203.0.113.1", await freePort()); // Reserved for documentation: on no machine.
    await expect(start(ipc)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });
});

describe("our errors", () => {
  test("finding 18: EADDRINUSE of a local server is Node's, too", async () => {
    const { serving } = await pair();
    const second = open(ours, { socketRoot: serving.config.socketRoot });
    second.serve();
    const error = await failureOf(
      () => second.server,
      () => second.server.start(),
    );
    expect(error).toMatchObject({
      code: "EADDRINUSE",
      syscall: "listen",
      address: second.server.path,
    });
    expect(error.name).toBe("Error");
    expect(error.message).toMatch(/^listen EADDRINUSE/);
  });

  test("finding 18: EACCES is Node's, with a hint", async ({ programs }) => {
    chmodSync(programs.socketRoot, 0o500); // Enough for anybody but root; the program is not root.
    const run = programs.start<{ type: "error"; error: Coded; name: string }>(
      new URL("./programs/no-access.mjs", import.meta.url),
      { implementation: "ours" },
    );
    const { error, name } = await run.next("error");
    expect(name).toBe("Error");
    expect(error).toMatchObject({ code: "EACCES", syscall: "listen" });
    // The hint, and what was found out: whose folder it is, and who we are.
    expect(error.message).toMatch(
      /^listen EACCES: permission denied \S+ \(.+\): \S+ belongs to user 0, this is user \d+$/,
    );
    chmodSync(programs.socketRoot, 0o700);
  });

  test("finding 18: what we find wrong is an IPCProtocolError of the module, with an ERR_IPC_ code", async () => {
    const { IPCProtocolError } = loadOurs();
    const server = await serveLocal(open());
    const errors = collect<[Coded]>(server, "error");
    const wire = await dial(server.path);
    wire.send("garbage\f");
    await errors.atLeast(1);
    const [error] = errors.data;
    expect(error).toBeInstanceOf(IPCProtocolError);
    expect(error).toBeInstanceOf(Error);
    expect(error?.name).toBe("IPCProtocolError");
    expect(error?.code).toMatch(/^ERR_IPC_[A-Z_]+$/);
    expect(error?.message).not.toContain("garbage"); // What a peer sent is not repeated into logs.
  });

  test("finding 18: the class can be made by programs and parsers of their own", () => {
    const { IPCProtocolError } = loadOurs();
    expect(new IPCProtocolError("ERR_IPC_MINE", "why")).toMatchObject({
      name: "IPCProtocolError",
      code: "ERR_IPC_MINE",
      message: "why",
    });
  });

  test("finding 18: a parser's IPCProtocolError ends the connection and is told as it is", async () => {
    const { Parser, IPCProtocolError } = loadOurs();
    class Picky extends Parser {
      override decode(frame: string): { type: string; data: unknown } {
        if (frame.includes("bad")) throw new IPCProtocolError("ERR_IPC_MINE", "not this one");
        return super.decode(frame);
      }
    }
    const server = await serveLocal(open(ours, { parser: Picky }));
    const errors = collect<[Coded]>(server, "error");
    const wire = await dial(server.path);
    wire.send('{"type":"bad"}\f');
    await wire.untilClosed();
    expect(errors.data).toEqual([expect.objectContaining({ code: "ERR_IPC_MINE" })]);
  });

  test("a reset connection is an error event at most, and then as any end", async () => {
    const ipc = open();
    ipc.serveNet("127.0.0.1", await freePort());
    const server = await start(ipc);
    const accepted = next(server, "connect");
    const wire = await dial(server.port as number);
    await accepted;
    const closed = next(server, "close");
    wire.socket.resetAndDestroy();
    await closed;
    expect(server.sockets).toEqual([]);
  });
});
