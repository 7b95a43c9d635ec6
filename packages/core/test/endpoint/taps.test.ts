// What tools hear of endpoints: on every channel, and never what is secret.
import { inspect } from "node:util";
import {
  type CallRefused,
  type CallSettled,
  call,
  connect,
  contract,
  type HandlerFailed,
  type HandshakeFailed,
  type MessageSeen,
  type NoticeSeen,
  type PayloadSeen,
  type SessionClosed,
  type SessionDetached,
  type SessionOpened,
  serve,
  tcp,
} from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { hearChannel } from "../../../../test/support/hear-channel.ts";
import { until, within } from "../../../../test/support/within.ts";
import { all, freshAddress, keep, pair } from "./pairing.ts";

async function* count(to: number) {
  for (let item = 1; item <= to; item++) yield item;
}

const coded = (code: string, fields: object = {}) => expect.objectContaining({ code, ...fields });

describe("tools hear", () => {
  test("of a session's beginning, break, return and end, at both ends", async () => {
    const opened = hearChannel<SessionOpened>("myelin:session:opened");
    const detached = hearChannel<SessionDetached>("myelin:session:detached");
    const resumed = hearChannel<SessionOpened>("myelin:session:resumed");
    const closed = hearChannel<SessionClosed>("myelin:session:closed");
    const line = faulty(tcp());
    const { client, peer } = await pair({
      kind: "tcp",
      client: { transports: [line], retry: { minMs: 1 } },
    });
    expect(opened.map((each) => each.peer)).toEqual(expect.arrayContaining([client, peer]));
    expect(opened).toHaveLength(2);
    expect(opened[0]).toMatchObject({ dialect: "myelin", remote: expect.stringMatching(/^tcp:/) });
    line.faults.cutAll();
    await until("a return", () => resumed.length === 2);
    const lost = { error: coded("ERR_CONNECTION_LOST") };
    expect(detached).toEqual(expect.arrayContaining([{ peer: client, ...lost }]));
    // Each end once, though the server may notice the loss and the return.
    expect(detached).toHaveLength(2);
    expect(new Set(resumed.map((each) => each.peer))).toEqual(new Set([client, peer]));
    expect(closed).toEqual([]);
    await client.close();
    await until("the end", () => closed.length === 2);
    const nothing = { events: 0, calls: 0 };
    expect(closed[0]).toMatchObject({ error: undefined, unsent: nothing, unacknowledged: nothing });
    expect(opened).toHaveLength(2);
  });

  test("of handlers that fail, with what they threw", async () => {
    const { peer, client, server } = await pair();
    const failed = hearChannel<HandlerFailed>("myelin:handler:failed");
    const bug = new TypeError("cannot read x");
    server.handle("throws", () => {
      throw bug;
    });
    server.handle("breaks", async function* () {
      yield 1;
      throw bug;
    });
    server.handle("unsendable", () => 1n);
    await expect(client.call("throws")).rejects.toEqual(coded("ERR_REMOTE"));
    await expect(client.call("unsendable")).rejects.toEqual(coded("ERR_NOT_SERIALIZABLE"));
    const reading = (async () => {
      for await (const _ of client.stream("breaks"));
    })();
    await expect(reading).rejects.toEqual(coded("ERR_REMOTE"));
    expect(failed).toEqual([
      { peer, name: "throws", error: bug },
      { peer, name: "unsendable", error: coded("ERR_NOT_SERIALIZABLE") },
      { peer, name: "breaks", error: bug },
    ]);
  });

  test("of calls that the library refuses, at the end that does", async () => {
    const refused = hearChannel<CallRefused>("myelin:call:refused");
    const shape = contract({
      add: call({ input: z.number(), output: z.number() }),
      waits: call<unknown, unknown>(),
      large: call<unknown, string>(),
    });
    const server = keep(
      await serve(freshAddress(), {
        contract: shape,
        limits: { maxInboundCalls: 40, maxQueuedBytes: 100_000 },
        handlers: {
          add: (x: number) => x,
          waits: () => new Promise(() => {}),
          large: () => "x".repeat(60_000),
        },
      }),
    );
    const client = keep(await connect(server.address));
    const [peer] = [...server.peers.values()];
    await expect(client.call("add", "one")).rejects.toEqual(coded("ERR_INVALID_DATA"));
    await expect(client.call("nope")).rejects.toEqual(coded("ERR_NO_HANDLER"));
    const larges = Array.from({ length: 20 }, () => client.call("large").catch(({ code }) => code));
    expect(await Promise.all(larges)).toContain("ERR_BUSY");
    expect(
      new Set(refused.map(({ peer: by, name, error }) => [by === peer, name, error.code].join())),
    ).toEqual(
      new Set(["true,add,ERR_INVALID_DATA", "true,nope,ERR_NO_HANDLER", "true,large,ERR_BUSY"]),
    );
    refused.length = 0;
    for (let n = 0; n < 40; n += 1) client.call("waits").catch(() => {});
    await expect(client.call("add", 1)).rejects.toEqual(coded("ERR_BUSY", { ran: "no" }));
    expect(refused).toEqual([{ peer, name: "add", error: coded("ERR_BUSY", { ran: "no" }) }]);
  });

  test("of every message, by kind, name and size, where it is sent and where it arrives", async () => {
    const { client, peer, server } = await pair();
    const sent = hearChannel<MessageSeen>("myelin:message:sent");
    const received = hearChannel<MessageSeen>("myelin:message:received");
    const settled = hearChannel<CallSettled>("myelin:call:settled");
    server.handle("double", (x) => 2 * (x as number));
    server.handle("count", (to) => count(to as number));
    server.handle("sum", async (items) => {
      let sum = 0;
      for await (const item of items as AsyncIterable<number>) sum += item;
      return sum;
    });
    server.on("hello", () => {});
    client.send("hello", "ada");
    await client.post("hello", new Uint8Array(10));
    server.broadcast("news", null);
    expect(await client.call("double", 21)).toBe(42);
    expect(await all(client.stream("count", 2))).toEqual([1, 2]);
    expect(await client.upload("sum", count(3))).toBe(6);
    await expect(client.call("nope")).rejects.toMatchObject({ code: "ERR_NO_HANDLER" });
    const lines = (list: MessageSeen[], by: unknown) =>
      list.filter((each) => each.peer === by).map(({ kind, name }) => `${kind} ${name}`);
    const clientsWords = [
      ...["event hello", "event hello", "call double", "stream count", "upload sum"],
      ...["item sum", "item sum", "item sum", "call nope"],
    ];
    const serversWords = [
      ...["event news", "answer double", "item count", "item count", "answer sum"],
    ];
    expect(lines(sent, client)).toEqual(clientsWords);
    expect(lines(received, peer)).toEqual(clientsWords);
    expect(lines(sent, peer).filter((line) => line !== "answer count")).toEqual(serversWords);
    const heard = lines(received, client).filter((line) => line !== "answer count");
    expect(heard.sort()).toEqual(serversWords.sort());
    expect(sent.slice(0, 2)).toMatchObject([{ size: 5 }, { size: 10 }]);
    expect(settled.map(({ error, name, peer: by }) => [by === client, name, error?.code])).toEqual([
      [true, "double", undefined],
      [true, "count", undefined],
      [true, "sum", undefined],
      [true, "nope", "ERR_NO_HANDLER"],
    ]);
    for (const { ms } of settled) expect(ms).toBeGreaterThanOrEqual(0);
  });

  test("once of a message that moves to the next session, because it had not left", async () => {
    const line = faulty(tcp());
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const heard: unknown[] = [];
    const { client, server } = await pair({
      kind: "tcp",
      server: {
        resume: false,
        limits: { windowMessages: 2 },
        events: {
          e: (data) => {
            heard.push(data);
            return gate;
          },
        },
      },
      client: { transports: [line], resume: false, retry: { minMs: 1 } },
    });
    server.handle("c", () => "answer");
    const sent = hearChannel<MessageSeen>("myelin:message:sent");
    for (let n = 0; n < 6; n++) client.send("e", n);
    const call = client.call("c");
    await until("a full window", () => heard.length === 2);
    line.faults.cutAll();
    release();
    expect(await within("the answer", call)).toBe("answer");
    await client.flush();
    expect(heard).toEqual([0, 1, 2, 3, 4, 5]);
    const told = sent.filter(({ peer }) => peer === client).map(({ kind }) => kind);
    expect(told).toEqual([...Array.from({ length: 6 }, () => "event"), "call"]);
  });

  test("what programs say only on the channel that is for it", async () => {
    const { client, server } = await pair();
    server.handle("double", (x) => 2 * (x as number));
    const payloads = hearChannel<PayloadSeen>("myelin:payload");
    client.send("hello", { name: "ada" });
    await client.call("double", 21);
    expect(payloads.map(({ data, direction, kind }) => [direction, kind, data])).toEqual([
      ["sent", "event", { name: "ada" }],
      ["sent", "call", 21],
      ["received", "event", { name: "ada" }],
      ["received", "call", 21],
      ["sent", "answer", 42],
      ["received", "answer", 42],
    ]);
  });

  test("of who is turned away, and of notices", async () => {
    const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
    const notices = hearChannel<NoticeSeen>("myelin:notice");
    const address = freshAddress();
    keep(await serve(address, { authorize: () => false }));
    await expect(connect(address)).rejects.toMatchObject({ code: "ERR_REFUSED" });
    expect(failed).toMatchObject([{ address, error: coded("ERR_REFUSED") }]);
    const { client } = await pair();
    client.send("nobody-listens", 1);
    await client.flush();
    await until("a notice", () => notices.length > 0);
    expect(notices[0]?.notice).toMatchObject({ kind: "unhandled" });
  });

  test("of who is turned away for want of the secret, and by which server", async () => {
    const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
    const server = keep(await serve("tcp://127.0.0.1:0", { secret: "a secret of this server" }));
    for (const options of [{}, { secret: "another one altogether" }]) {
      const refused = connect(server.address, options);
      await expect(refused).rejects.toMatchObject({ code: "ERR_AUTHENTICATION" });
    }
    await until("the server to tell", () => failed.length === 2);
    const { address } = server;
    expect(failed).toMatchObject([
      { address, error: coded("ERR_AUTHENTICATION") },
      { address, error: coded("ERR_AUTHENTICATION") },
    ]);
    expect(failed[0]?.error.message).toContain("left when it was asked for the secret");
  });

  test("neither secrets nor data on any other channel", async () => {
    const channels = ["connection:opened", "connection:closed", "listener:error"]
      .concat(["handshake:failed", "session:opened", "session:resumed", "session:detached"])
      .concat([
        "session:closed",
        "message:sent",
        "message:received",
        "call:settled",
        "call:refused",
        "notice",
      ])
      .concat(["handler:failed", "datagram:failed"]);
    const heard = channels.map((each) => hearChannel<object>(`myelin:${each}`));
    const line = faulty(tcp());
    const secret = "between-us-and-nobody-else";
    const { client, server } = await pair({
      kind: "tcp",
      server: { secret, insecureTransport: true },
      client: {
        ...{ secret, insecureTransport: true },
        transports: [line],
        retry: { minMs: 1 },
      },
    });
    server.handle("echo", (data) => data);
    await client.call("echo", "data-of-mine");
    line.faults.cutAll();
    await client.call("echo", "data-of-mine");
    await expect(
      connect(server.address, { secret: "another-one-altogether", insecureTransport: true }),
    ).rejects.toMatchObject({ code: "ERR_AUTHENTICATION" });
    await client.close();
    const plain = heard.flat().map((payload) => {
      // Peers and connections are the program's own objects: what they show of themselves counts, too.
      return inspect(payload, { depth: 2, showHidden: false });
    });
    expect(plain.length).toBeGreaterThan(10);
    for (const word of [secret, "data-of-mine", "another-one-altogether"]) {
      expect(plain.filter((text) => text.includes(word))).toEqual([]);
    }
  });
});
