// Instances share nothing: neither sockets nor config, delimiter, parser, log or events.
import { describe, expect, test } from "vitest";
import {
  clientOf,
  collect,
  connectLocal,
  connectTcp,
  next,
  open,
  pair,
  serveLocal,
  serveTcp,
} from "./scenario.ts";
import { everyVersion, ours } from "./versions.ts";

describe.each(everyVersion)("several instances of $name", (version) => {
  test("one process is server and client, of itself and of others", async () => {
    const one = open(version, { id: "one" });
    const two = open(version, { id: "two", socketRoot: one.config.socketRoot });
    await serveLocal(one);
    await serveLocal(two);
    const atOne = collect(one.server, "n");
    const atTwo = collect(two.server, "n");
    (await connectLocal(one, "one")).emit("n", "one to one");
    (await connectLocal(one, "two")).emit("n", "one to two");
    (await connectLocal(two, "one")).emit("n", "two to one");
    await atOne.atLeast(2);
    await atTwo.atLeast(1);
    expect(atOne.data.sort()).toEqual(["one to one", "two to one"]);
    expect(atTwo.data).toEqual(["one to two"]);
    expect(Object.keys(one.of)).toEqual(["one", "two"]);
    expect(Object.keys(two.of)).toEqual(["one"]);
  });

  test("serve again makes a second server; the first one goes on", async () => {
    const ipc = open(version);
    const first = await serveLocal(ipc);
    const second = await serveTcp(ipc);
    expect(ipc.server).toBe(second);
    const atFirst = collect(first, "n");
    const atSecond = collect(second, "n");
    const connecting = open(version, { socketRoot: ipc.config.socketRoot });
    (await connectLocal(connecting)).emit("n", 1);
    (await connectTcp(connecting, second.port as number, "second")).emit("n", 2);
    await atFirst.atLeast(1);
    await atSecond.atLeast(1);
    expect([atFirst.data, atSecond.data]).toEqual([[1], [2]]);
    first.server.close();
    for (const socket of first.sockets) socket.destroy();
  });

  test("each logs where and as it was told", () => {
    const lines: string[] = [];
    const loud = open(version, { silent: false, logger: (line) => lines.push(`loud: ${line}`) });
    const quiet = open(version, { logger: (line) => lines.push(`quiet: ${line}`) });
    loud.log("a");
    quiet.log("b");
    expect(lines).toEqual(["loud: a"]);
  });
});

describe("several instances of ours", () => {
  test("events, raw bytes and a delimiter of its own, side by side", async () => {
    const events = await pair();
    const raw = await pair(ours, { rawBuffer: true, encoding: "hex" });
    const lines = await pair(ours, { delimiter: "\n" });
    const atEvents = collect(events.server, "n");
    const atRaw = collect<[Buffer]>(raw.server, "data");
    const atLines = collect(lines.server, "n");
    events.client.emit("n", 1);
    raw.client.emit("00ff");
    lines.client.emit("n", 2);
    events.client.emit("n", 3);
    await atEvents.atLeast(2);
    await atRaw.atLeast(1);
    await atLines.atLeast(1);
    expect(atEvents.data).toEqual([1, 3]);
    expect(atRaw.data).toEqual([Buffer.from([0, 255])]);
    expect(atLines.data).toEqual([2]);
  });

  test("the end of one leaves the others alone", async () => {
    const one = await pair();
    const two = await pair();
    await one.serving.close();
    await one.connecting.close();
    const heard = collect(two.server, "n");
    two.client.emit("n", 1);
    await heard.atLeast(1);
  });

  test("ids are per instance: two may call different servers the same", async () => {
    const one = open();
    const two = open();
    await serveLocal(one);
    await serveLocal(two);
    const heardByOne = next(one.server, "n");
    const heardByTwo = next(two.server, "n");
    await connectLocal(one);
    await connectLocal(two);
    expect(clientOf(one)).not.toBe(clientOf(two));
    clientOf(one).emit("n", 1);
    clientOf(two).emit("n", 2);
    expect([(await heardByOne)[0], (await heardByTwo)[0]]).toEqual([1, 2]);
  });
});
