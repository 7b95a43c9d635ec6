// ipc.log, and what the library itself says through it.
import { describe, expect, test } from "vitest";
import { clientOf, collect, next, open, pair } from "./scenario.ts";
import { type Config, everyVersion, type Ipc, ours, type Version } from "./versions.ts";

function logging(version: Version, config: Partial<Config> = {}): { ipc: Ipc; lines: string[] } {
  const lines: string[] = [];
  const ipc = open(version, { silent: false, logger: (line) => lines.push(line), ...config });
  return { ipc, lines };
}

describe.each(everyVersion)("log of $name", (version) => {
  test("joins its arguments with a space", () => {
    const { ipc, lines } = logging(version);
    ipc.log("a", 1, true, "b c");
    expect(lines).toEqual(["a 1 true b c"]);
  });

  test("shows objects as util.inspect does, in colour", () => {
    const { ipc, lines } = logging(version);
    ipc.log("got", { text: "x", n: 1 }, [1]);
    expect(lines).toEqual([
      "got { text: \u001B[32m'x'\u001B[39m, n: \u001B[33m1\u001B[39m } [ \u001B[33m1\u001B[39m ]",
    ]);
  });

  test("logInColor and logDepth are read live", () => {
    const { ipc, lines } = logging(version, { logInColor: false });
    ipc.log({ a: { b: { c: {} } } });
    ipc.config.logDepth = 0;
    ipc.log({ a: { b: 1 } });
    expect(lines).toEqual(["{ a: { b: { c: {} } } }", "{ a: [Object] }"]);
  });

  test("silent says nothing", () => {
    const { ipc, lines } = logging(version, { silent: true });
    ipc.log("nothing");
    ipc.config.silent = false;
    ipc.log("something");
    expect(lines).toEqual(["something"]);
  });
});

describe("our log", () => {
  const secret = "p4yl0ad";

  test("finding 8: lines name event and path, and never the data", async () => {
    const lines: string[] = [];
    const logger = (line: string) => lines.push(line);
    const { client, server, peer } = await pair(ours, { silent: false, logger });
    const atServer = collect(server, "greeting");
    const atClient = collect(client, "greeting");
    client.emit("greeting", { secret });
    server.emit(peer, "greeting", { secret });
    server.broadcast("greeting", [secret]);
    await atServer.atLeast(1);
    await atClient.atLeast(2);
    expect(lines.join("\n")).not.toContain(secret);
    expect(lines.some((line) => line.includes("greeting"))).toBe(true);
    expect(lines.some((line) => line.includes(client.path))).toBe(true);
  });

  test("finding 8: logPayloads shows the data, and is read live", async () => {
    const { client, connecting, server } = await pair();
    const lines: string[] = [];
    connecting.config.logger = (line) => lines.push(line);
    connecting.config.silent = false;
    client.emit("greeting", { hidden: secret });
    connecting.config.logPayloads = true;
    client.emit("greeting", { shown: secret });
    const heard = collect(server, "end");
    client.emit("end");
    await heard.atLeast(1);
    const text = lines.join("\n");
    expect(text).toContain("shown");
    expect(text).toContain(secret);
    expect(text).not.toContain("hidden");
  });

  test("a rawBuffer's bytes are not logged either", async () => {
    const lines: string[] = [];
    const logger = (line: string) => lines.push(line);
    const { client, server } = await pair(ours, { silent: false, logger, rawBuffer: true });
    const heard = next(server, "data");
    client.emit(secret);
    await heard;
    expect(lines.join("\n")).not.toContain(secret);
  });

  test("finding 19: an error that nobody hears is logged", async () => {
    const { ipc, lines } = logging(ours, { maxRetries: 0 });
    ipc.connectTo("nobody");
    await next(clientOf(ipc, "nobody"), "destroy");
    expect(lines.join("\n")).toContain("ENOENT");
  });

  test("silent calls the logger not once, whatever happens", async () => {
    const lines: string[] = [];
    const { client, server, peer } = await pair(ours, { logger: (line) => lines.push(line) });
    const heard = collect(client, "back");
    client.emit("there", 1);
    server.emit(peer, "back", 1);
    await heard.atLeast(1);
    const closed = next(server, "close");
    client.socket.destroy();
    await closed;
    expect(lines).toEqual([]);
  });

  test("log works detached", () => {
    const { ipc, lines } = logging(ours);
    const { log } = ipc;
    log("detached");
    expect(lines).toEqual(["detached"]);
  });
});
