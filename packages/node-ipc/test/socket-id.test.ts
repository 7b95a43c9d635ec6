// Finding 23: socket.id is what the peer claims or the program sets; server.idOf is ours.
import { describe, expect, test } from "vitest";
import { collect, connectLocal, next, open, pair } from "./scenario.ts";
import { everyVersion, ours, type Peer } from "./versions.ts";

/** Versions that read `data.id` without being told to. */
const identifying = everyVersion.filter(({ name }) => !name.includes("14"));

describe.each(everyVersion)("socket.id with $name", (version) => {
  test("finding 23: is undefined until somebody says it, and then false is passed at the end", async () => {
    const { server, peer, client, connecting } = await pair(version);
    const heard = collect(server, "n");
    client.emit("n", 1);
    await heard.atLeast(1);
    expect(peer.id).toBeUndefined();
    const gone = next<[Peer, unknown]>(server, "socket.disconnected");
    connecting.disconnect("world");
    expect(await gone).toEqual([peer, false]);
  });

  test("finding 23: is what the program sets, and is passed at the end", async () => {
    const { server, peer, connecting } = await pair(version);
    peer.id = "set by the program";
    const gone = next<[Peer, unknown]>(server, "socket.disconnected");
    connecting.disconnect("world");
    expect(await gone).toEqual([peer, "set by the program"]);
  });
});

describe.each(identifying)("data.id with $name", (version) => {
  test.each(["a name", 17])("finding 23: sets socket.id: %j", async (id) => {
    const { server, peer, client, connecting } = await pair(version);
    let inHandler: unknown;
    server.on("hello", (_data: unknown, socket: Peer) => {
      inHandler = socket.id;
    });
    const heard = collect(server, "hello");
    client.emit("hello", { id });
    await heard.atLeast(1);
    expect(inHandler).toBe(id);
    expect(peer.id).toBe(id);
    const gone = next<[Peer, unknown]>(server, "socket.disconnected");
    connecting.disconnect("world");
    expect((await gone)[1]).toBe(id);
  });

  test("finding 23: the last one wins, and messages without id leave it", async () => {
    const { server, peer, client } = await pair(version);
    const heard = collect(server, "hello");
    client.emit("hello", { id: "first" });
    client.emit("hello", { id: "second" });
    client.emit("hello", { no: "id" });
    client.emit("hello", "text");
    client.emit("hello");
    await heard.atLeast(5);
    expect(peer.id).toBe("second");
  });
});

describe("our ids", () => {
  test("finding 23: only a string or a number is taken", async () => {
    const { server, peer, client } = await pair();
    const heard = collect(server, "hello");
    for (const id of [{}, [], true, null, false]) client.emit("hello", { id });
    await heard.atLeast(5);
    expect(peer.id).toBeUndefined();
  });

  test("finding 23: identifyPeer: false reads none", async () => {
    const { server, peer, client } = await pair(ours, { identifyPeer: false });
    const heard = collect(server, "hello");
    client.emit("hello", { id: "claimed" });
    await heard.atLeast(1);
    expect(peer.id).toBeUndefined();
  });

  test("finding 23: idOf is there before the first message, stays, and cannot be chosen", async () => {
    const { server, peer, client, serving } = await pair();
    const first = server.idOf(peer);
    expect(first).toBeTypeOf("string");
    expect(first.length).toBeGreaterThanOrEqual(16);
    const heard = collect(server, "hello");
    client.emit("hello", { id: "claimed" });
    await heard.atLeast(1);
    expect(server.idOf(peer)).toBe(first);
    const accepted = next<[Peer]>(server, "connect");
    await connectLocal(open(ours, { socketRoot: serving.config.socketRoot }));
    const [other] = await accepted;
    expect(server.idOf(other)).not.toBe(first);
    const gone = next<[Peer]>(server, "socket.disconnected");
    other.destroy();
    const [socket] = await gone;
    expect(server.idOf(socket)).toBeTypeOf("string"); // Still known to the handlers of its end.
  });
});
