// Finding 24: which strings can end a frame, and that data may contain them.
import { describe, expect, test } from "vitest";
import { clientOf, collect, next, open, pair, serveLocal, start } from "./scenario.ts";
import { everyVersion, type Ipc, ours } from "./versions.ts";
import { listen } from "./wire-peer.ts";

const good = [
  "\n",
  "\r\n",
  "\0",
  "\u001E",
  "|",
  "%%",
  "~~~",
  "END",
  "xyz",
  "<é>",
  "漢",
  "🚀",
  "a|b",
];
const bad = [
  "",
  "{",
  "}",
  "[]",
  ",",
  ":",
  '"',
  '","',
  "\\",
  "0",
  "-1.5",
  "1e+21",
  "E",
  "true",
  "null",
  "false",
  "u",
  "abf",
  "rn",
  "b",
  "d",
];

describe("finding 24: our delimiters", () => {
  test.each(good)("%j works, whatever the data contains", async (delimiter) => {
    const { client, server, peer } = await pair(ours, { delimiter });
    const atServer = collect(server, `name ${delimiter}`);
    const atClient = collect(client, "back");
    const values = [
      delimiter,
      `a${delimiter}b${delimiter}${delimiter}`,
      { [delimiter]: [delimiter, `\\${delimiter}`, `"${delimiter}"`] },
      `${delimiter.slice(0, -1)}${delimiter}`,
      `\\u0041 ${delimiter}`,
      [1, true, null, "é漢🚀\n\f"],
    ];
    for (const value of values) {
      client.emit(`name ${delimiter}`, value);
      server.emit(peer, "back", value);
    }
    await atServer.atLeast(values.length);
    await atClient.atLeast(values.length);
    expect(atServer.data).toEqual(values);
    expect(atClient.data).toEqual(values);
  });

  test.each(good)("%j: a frame holds it once, at its end", async (delimiter) => {
    const ipc = open(ours, { delimiter });
    const plain = await listen(`${ipc.config.socketRoot}app.world`);
    ipc.connectTo("world");
    const client = clientOf(ipc);
    await next(client, "connect");
    client.emit("t", [delimiter, { [delimiter]: delimiter }]);
    const wire = await plain.peer();
    await wire.frameCount(1, delimiter);
    const text = wire.bytes.toString();
    expect(text.indexOf(delimiter)).toBe(text.length - delimiter.length);
    expect(JSON.parse(text.slice(0, -delimiter.length))).toEqual({
      type: "t",
      data: [delimiter, { [delimiter]: delimiter }],
    });
  });

  function served(ipc: Ipc): unknown {
    try {
      ipc.serve();
      ipc.server.start();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  test.each(bad)("%j is refused by a server with ERR_IPC_DELIMITER", (delimiter) => {
    expect(served(open(ours, { delimiter }))).toMatchObject({
      name: "IPCProtocolError",
      code: "ERR_IPC_DELIMITER",
    });
  });

  test.each(bad)("%j is refused by a client with ERR_IPC_DELIMITER", (delimiter) => {
    const ipc = open(ours, { delimiter });
    let error: unknown;
    try {
      ipc.connectTo("world");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: "IPCProtocolError", code: "ERR_IPC_DELIMITER" });
  });

  test.each([5, null, {}])("%j, which is no string, is refused", (delimiter) => {
    const ipc = open();
    Object.assign(ipc.config, { delimiter });
    expect(served(ipc)).toMatchObject({ code: "ERR_IPC_DELIMITER" });
  });

  test("raw sockets have no frames and so take any delimiter", async () => {
    const ipc = open(ours, { rawBuffer: true, delimiter: "" });
    ipc.serve();
    await start(ipc);
  });

  test("each instance has its own, at the same time", async () => {
    const one = await pair(ours, { delimiter: "\n" });
    const two = await pair(ours, { delimiter: "##" });
    const atOne = collect(one.server, "t");
    const atTwo = collect(two.server, "t");
    for (let n = 0; n < 3; n += 1) {
      one.client.emit("t", n);
      two.client.emit("t", `#${n}##`);
    }
    await atOne.atLeast(3);
    await atTwo.atLeast(3);
    expect(atOne.data).toEqual([0, 1, 2]);
    expect(atTwo.data).toEqual(["#0##", "#1##", "#2##"]);
  });

  test("a delimiter cut in two by the network still ends its frame", async () => {
    const ipc = open(ours, { delimiter: "~~~" });
    const plain = await listen(`${ipc.config.socketRoot}app.world`);
    ipc.connectTo("world");
    const client = clientOf(ipc);
    await next(client, "connect");
    const heard = collect(client, "t");
    const wire = await plain.peer();
    wire.send('{"type":"t","data":1}~');
    await new Promise((resolve) => setImmediate(resolve));
    wire.send('~~{"type":"t","data":"a~~b"}~~~');
    await heard.atLeast(2);
    expect(heard.data).toEqual([1, "a~~b"]);
  });
});

describe.each(everyVersion)("delimiters and $name", (version) => {
  test("finding 24: what ours escapes, it reads", async () => {
    const delimiter = "#"; // 9.2.1 never finds the end of a frame when it is longer.
    const serving = open(version, { delimiter });
    const server = await serveLocal(serving);
    const heard = collect(server, "t");
    const ipc = open(ours, { delimiter, socketRoot: serving.config.socketRoot });
    ipc.connectTo("world");
    clientOf(ipc).emit("t", { "#": "a#b##" });
    await heard.atLeast(1);
    expect(heard.data).toEqual([{ "#": "a#b##" }]);
  });
});
