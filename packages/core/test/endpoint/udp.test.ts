// Events over UDP, through the same API as everywhere else, over real sockets of the loopback.
import { connect, contract as contractOf, event, type Notice, serve, udp } from "myelin";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { keep } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const quickly = { minMs: 1, maxMs: 5 };

async function pair(
  server: Parameters<typeof serve>[1] = {},
  client: Parameters<typeof connect>[1] = {},
  host = "127.0.0.1",
) {
  const ours = keep(await serve(`udp://${host}:0`, server));
  const theirs = keep(await connect(ours.address, client));
  const peer = [...ours.peers.values()].at(-1) ?? expect.fail("nobody came in");
  const notices: Notice[] = [];
  ours.onNotice((notice) => void notices.push(notice));
  theirs.onNotice((notice) => void notices.push(notice));
  return { server: ours, client: theirs, peer, notices };
}

/** Everything that a listener of this name has heard. */
function heardBy(
  endpoint: { on(name: string, listener: (data: unknown) => void): unknown },
  name: string,
): unknown[] {
  const heard: unknown[] = [];
  endpoint.on(name, (data) => void heard.push(data));
  return heard;
}

describe.each(["127.0.0.1", "[::1]"])("over %s", (host) => {
  test("events go both ways, and both ends name the peer alike", async () => {
    const { client, peer, server } = await pair({}, {}, host);
    expect([client.dialect, peer.dialect]).toEqual(["udp", "udp"]);
    expect(client.id).toBe(peer.id);
    expect(client.state).toBe("open");
    const here = heardBy(client, "pong");
    server.on("ping", (data, context) => void context.peer.send("pong", { to: data }));
    client.send("ping", { n: 1 });
    await until("the answer", () => here.length === 1);
    expect(here).toEqual([{ to: { n: 1 } }]);
    expect(peer.remote).toMatch(host === "[::1]" ? /^udp:\/\/\[::1\]:\d+$/ : /^udp:\/\/127/);
  });
});

describe("what is said", () => {
  test("is told apart: nothing, null, text, bytes, bytes beside data", async () => {
    const { client, server } = await pair();
    const heard: unknown[] = [];
    server.on("x", (data, { bytes }) => void heard.push(bytes.length > 0 ? [data, bytes] : data));
    client.send("x");
    client.send("x", null);
    client.send("x", "grüße 🙂");
    client.send("x", Uint8Array.of(0, 255));
    client.send("x", { of: 1 }, { bytes: [Uint8Array.of(7)] });
    await until("all of them", () => heard.length === 5);
    expect(heard).toEqual([
      undefined,
      null,
      "grüße 🙂",
      Uint8Array.of(0, 255),
      [{ of: 1 }, [Uint8Array.of(7)]],
    ]);
  });

  test("leaves in few datagrams, and is counted", async () => {
    const { client, peer, server } = await pair();
    const heard = heardBy(server, "n");
    for (let n = 0; n < 100; n += 1) client.send("n", n);
    await client.flush();
    await until("all of them", () => heard.length === 100);
    expect(new Set(heard).size).toBe(100);
    expect(client.stats().sent.messages).toBe(100);
    expect(peer.stats().received.messages).toBe(100);
    expect(server.stats()).toMatchObject({ peers: 1, received: { messages: 100 } });
  });

  test("is at most one datagram: more is refused at once", async () => {
    const { client, server } = await pair();
    const heard = heardBy(server, "x");
    expect(() => client.send("x", "a".repeat(1_200))).toThrow(coded("ERR_TOO_LARGE"));
    await expect(client.post("x", Buffer.alloc(1_200))).rejects.toEqual(coded("ERR_TOO_LARGE"));
    client.send("x", "a".repeat(1_170));
    await until("what fits", () => heard.length === 1);
    expect(server.broadcast("x", "a".repeat(1_200))).toEqual({
      ...{ accepted: 0, dropped: 0, refused: 1 },
    });
  });

  test("may be larger where both were told so", async () => {
    const large = { udp: { maxDatagramBytes: 20_000 } };
    const { client, peer, server } = await pair(large, large);
    const there = heardBy(server, "x");
    const here = heardBy(client, "x");
    client.send("x", "a".repeat(19_000));
    peer.send("x", "b".repeat(19_000));
    await until("both", () => there.length + here.length === 2);
    expect(() => client.send("x", "a".repeat(20_000))).toThrow(coded("ERR_TOO_LARGE"));
  });

  test("may be larger where the transport that was given says so", async () => {
    const transports = [udp({ maxDatagramBytes: 9_000 })];
    // What the transport was made with counts, and no option of one that is not used.
    const beside = { maxDatagramBytes: 100 };
    const { client, peer, server } = await pair({ transports, udp: beside }, { transports });
    const [there, here] = [heardBy(server, "x"), heardBy(client, "x")];
    client.send("x", "a".repeat(5_000));
    peer.send("x", "b".repeat(5_000));
    await until("both", () => there.length + here.length === 2);
    expect(() => peer.send("x", "a".repeat(9_000))).toThrow(coded("ERR_TOO_LARGE"));
    const plain = await pair({ transports: [udp()] }, { transports: [udp()] });
    expect(() => plain.client.send("x", "a".repeat(1_200))).toThrow(coded("ERR_TOO_LARGE"));
  });

  test("passes contracts and middleware", async () => {
    const move = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) =>
          typeof value === "number" ? { value } : { issues: [{ message: "no number" }] },
      },
    };
    const contract = contractOf({ server: { move: event({ input: move }) }, client: {} });
    const names: string[] = [];
    const use = [
      (message: { name: string }, next: () => unknown) => {
        names.push(message.name);
        return next();
      },
    ];
    const { client, notices, server } = await pair({ contract, use }, { contract });
    const heard = heardBy(server, "move");
    expect(() => client.send("jump", 1)).toThrow(coded("ERR_CONFIG"));
    client.send("move", "far");
    client.send("move", 3);
    await until("the one that is right", () => heard.length === 1);
    expect(heard).toEqual([3]);
    expect(notices).toContainEqual(expect.objectContaining({ kind: "invalid", name: "move" }));
    expect(names).toContain("move");
  });
});

test("rooms and broadcasts reach those who are in", async () => {
  const { client, peer, server } = await pair();
  const other = keep(await connect(server.address));
  peer.join("hall");
  const [here, there] = [heardBy(client, "news"), heardBy(other, "news")];
  expect(server.broadcast("news", 1, { to: "hall" }).accepted).toBe(1);
  expect(server.broadcast("news", 2).accepted).toBe(2);
  await until("both", () => here.length === 2 && there.length === 1);
  expect(there).toEqual([2]);
});

test("a server listens over UDP beside its other addresses", async () => {
  const server = keep(await serve(["memory:beside-udp", "udp://127.0.0.1:0"]));
  const heard = heardBy(server, "x");
  const clients = await Promise.all(server.addresses.map((address) => connect(address)));
  for (const client of clients) {
    keep(client);
    client.send("x", client.dialect);
  }
  await until("both", () => heard.length === 2);
  expect([...heard].sort()).toEqual(["myelin", "udp"]);
});

describe("what UDP cannot keep", () => {
  test("calls and streams are refused: nothing ran", async () => {
    const { client, peer } = await pair({ handlers: { x: () => 1 } });
    const refused = coded("ERR_UNSUPPORTED", { ran: "no" });
    for (const each of [client, peer]) {
      await expect(each.call("x")).rejects.toEqual(refused);
      await expect(each.upload("x", [])).rejects.toEqual(refused);
      await expect(
        within(
          "a stream",
          (async () => {
            for await (const _ of each.stream("x"));
          })(),
        ),
      ).rejects.toEqual(refused);
      await expect(
        within(
          "a duplex",
          (async () => {
            for await (const _ of each.duplex("x", []));
          })(),
        ),
      ).rejects.toEqual(refused);
    }
    const lazy = keep(await connect("udp://127.0.0.1:9", { lazy: true }));
    await expect(lazy.call("x")).rejects.toEqual(refused);
  });

  test.each([
    { secret: "0123456789abcdef" },
    { resume: {} },
    { trace: { inject: () => undefined, extract: () => undefined } },
    { structured: true },
  ])("what both ends refuse at once: %j", async (options) => {
    const wrong = coded("ERR_CONFIG");
    await expect(serve("udp://127.0.0.1:0", options as never)).rejects.toEqual(wrong);
    await expect(serve(["memory:udp-no", "udp://127.0.0.1:0"], options as never)).rejects.toEqual(
      wrong,
    );
    await expect(connect("udp://127.0.0.1:9", options as never)).rejects.toEqual(wrong);
  });

  test("what one of them refuses at once", async () => {
    const wrong = coded("ERR_CONFIG");
    const server = (options: object) => serve("udp://127.0.0.1:0", options);
    const client = (options: object) => connect("udp://127.0.0.1:9", options);
    await expect(server({ authorize: () => true })).rejects.toEqual(wrong);
    await expect(server({ accept: ["myelin", "node-ipc"] })).rejects.toEqual(wrong);
    await expect(server({ udp: { maxDatagramBytes: 70_000 } })).rejects.toEqual(wrong);
    await expect(client({ dialect: "node-ipc" })).rejects.toEqual(wrong);
    await expect(client({ meta: { token: "x" } })).rejects.toEqual(wrong);
  });
});

describe("the end", () => {
  test("a client that closes is gone at the server at once", async () => {
    const { client, peer } = await pair();
    await client.close();
    expect(await client.closed).toMatchObject({ by: "here" });
    expect(await within("the end", peer.closed)).toMatchObject({ by: "peer", error: undefined });
  });

  test("what was sent just before a close arrives", async () => {
    const { client, server } = await pair();
    const heard = heardBy(server, "last");
    client.send("last", "words");
    await client.close();
    await until("it", () => heard.length === 1);
  });

  test("a server that closes says goodbye, and clients come back when there is another", async () => {
    const { client, server } = await pair({}, { retry: quickly });
    const port = server.address.split(":").at(-1);
    const states: string[] = [];
    client.onState((state) => void states.push(state));
    const peer = [...server.peers.values()][0];
    await server.close();
    expect(await peer?.closed).toMatchObject({ by: "here" });
    await until("the client knows", () => states.includes("connecting"));
    client.send("x", "kept until there is a server");
    const next = keep(await serve(`udp://127.0.0.1:${port}`));
    const heard = heardBy(next, "x");
    await until("the client is back", () => client.state === "open" && heard.length === 1);
  });

  test("a client told never to come back stays away", async () => {
    const { client, server } = await pair();
    await server.close({ retry: "never" });
    expect(await within("the end", client.closed)).toMatchObject({ by: "peer" });
  });
});
