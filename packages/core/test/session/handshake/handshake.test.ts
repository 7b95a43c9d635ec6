import { describe, expect, test } from "vitest";
import { MyelinError } from "../../../src/errors.ts";
import { Fields } from "../../../src/framing/fields.ts";
import { encodePreface } from "../../../src/framing/preface.ts";
import { ClientHandshake } from "../../../src/session/handshake/client-handshake.ts";
import { handshakeFrame, handshakeKind } from "../../../src/session/handshake/handshake-frame.ts";
import { proofKeys } from "../../../src/session/handshake/proof.ts";
import { ServerHandshake } from "../../../src/session/handshake/server-handshake.ts";
import {
  admission,
  clientEnd,
  converse,
  countingBytes,
  hello,
  limits,
  outcome,
  serverEnd,
} from "./handshake-ends.ts";

const keys = proofKeys("a secret of random bytes");
const other = proofKeys("another secret of random bytes");
const token = new Uint8Array(16).fill(7);

/** How a handshake between these two ends. */
function meet(
  client: Parameters<typeof clientEnd>[0],
  server: Parameters<typeof serverEnd>[0] = {},
): { client: string; server: string } {
  const ends = [clientEnd(client), serverEnd(server)] as const;
  converse(...ends);
  return { client: outcome(ends[0]), server: outcome(ends[1]) };
}

describe("a handshake", () => {
  test("tells each side about the other, and agrees on what both know", () => {
    const client = clientEnd({
      hello: {
        ...hello,
        codecs: ["msgpack", "cbor", "own"],
        features: ["trace", "later"],
        contract: { name: "world", version: "2" },
        meta: { user: "ada" },
      },
    });
    const own = { ...limits, maxFrameBytes: 2_048 };
    const server = serverEnd({ codecs: ["cbor", "msgpack"], features: ["trace"] }, () => ({
      ...admission,
      limits: own,
      heartbeatMs: 15_000,
      contract: { name: "world", version: "3" },
      resume: { token, windowMs: 30_000 },
    }));
    converse(client, server);
    expect(server.decided).toMatchObject([
      {
        version: 1,
        hello: {
          codecs: ["msgpack", "cbor", "own"],
          limits,
          contract: { name: "world", version: "2" },
          meta: { user: "ada" },
        },
      },
    ]);
    expect(client.last).toEqual({
      type: "welcomed",
      version: 1,
      welcome: {
        instance: "b1",
        peer: "p1",
        // The client's order: it gives the numbers.
        codecs: ["msgpack", "cbor"],
        features: ["trace"],
        limits: own,
        heartbeatMs: 15_000,
        contract: { name: "world", version: "3" },
        resume: { token: Buffer.from(token), windowMs: 30_000 },
        received: undefined,
      },
    });
  });

  test.each([undefined, keys])(
    "comes through in single bytes, and in every split of two",
    (keys) => {
      const said: number[] = [];
      const [client, server] = [clientEnd({ keys }), serverEnd({ keys })];
      converse(client, server, (_from, bytes) => {
        said.push(bytes.length);
        return Array.from(bytes, (byte) => Uint8Array.of(byte));
      });
      expect(outcome(client)).toBe("welcomed");
      for (let cut = 0; cut <= Math.max(...said); cut += 1) {
        const [client, server] = [clientEnd({ keys }), serverEnd({ keys })];
        converse(client, server, (_from, bytes) => [bytes.subarray(0, cut), bytes.subarray(cut)]);
        expect(outcome(client)).toBe("welcomed");
      }
    },
  );

  test("carries the wish to continue a session, apart from what authorize sees", () => {
    const resume = { session: "p1", token, received: 2 ** 40 };
    const client = clientEnd({ resume });
    const server = serverEnd({}, () => ({ ...admission, received: 17 }));
    converse(client, server);
    expect(server.decided).toMatchObject([
      { resume: { session: "p1", token: Buffer.from(token), received: 2 ** 40 } },
    ]);
    expect(JSON.stringify(server.decided[0]?.hello)).not.toMatch(/token|session|nonce/);
    expect(client.last).toMatchObject({ type: "welcomed", welcome: { received: 17 } });
  });

  test("may find that the session is a new one", () => {
    const client = clientEnd({ resume: { session: "p1", token, received: 3 } });
    converse(client, serverEnd());
    expect(client.last).toMatchObject({ type: "welcomed", welcome: { received: undefined } });
  });

  test("waits as long as it takes to decide, in which the client is silent", () => {
    const client = clientEnd();
    const server = serverEnd({}, () => undefined);
    converse(client, server);
    expect(outcome(client)).toBe("silence");
    expect(outcome(server)).toBe("decide");
    server.feed(handshakeFrame(0x10, new Fields()));
    expect(outcome(server)).toBe("ERR_PROTOCOL");
  });
});

describe("versions", () => {
  const range = (lowest: number, highest: number) => ({ versions: { lowest, highest } });

  test("the highest common one is spoken", () => {
    const client = clientEnd(range(1, 3));
    converse(client, serverEnd(range(2, 5)));
    expect(client.last).toMatchObject({ type: "welcomed", version: 3 });
  });

  test.each([
    [range(1, 1), range(2, 2)],
    [range(1, 2), range(3, 5)],
    [range(4, 4), range(1, 3)],
  ])("none in common is told to both", (client, server) => {
    expect(meet(client, server)).toEqual({ client: "ERR_VERSION", server: "ERR_VERSION" });
    const ends = [clientEnd({ ...client, keys }), serverEnd({ ...server, keys })] as const;
    converse(...ends);
    expect(outcome(ends[0])).toBe("ERR_VERSION");
    const { lowest } = server.versions;
    expect(ends[0].last).toMatchObject({
      error: { message: expect.stringContaining(`it speaks ${lowest}`) },
    });
  });

  test("a server that names a range, or a version that was not offered, can only refuse", () => {
    for (const versions of [range(1, 2).versions, range(2, 2).versions]) {
      const client = clientEnd();
      client.feed(encodePreface(versions));
      client.feed(handshakeFrame(handshakeKind.challenge, new Fields()));
      expect(outcome(client)).toBe("ERR_PROTOCOL");
    }
  });
});

describe("a secret", () => {
  const outcomes = (client: string, server: string) => ({ client, server });

  test("lets in who has it, on both sides", () => {
    expect(meet({ keys }, { keys })).toEqual(outcomes("welcomed", "decide"));
  });

  test("keeps out who has another one", () => {
    const both = outcomes("ERR_AUTHENTICATION", "ERR_AUTHENTICATION");
    expect(meet({ keys: other }, { keys })).toEqual(both);
  });

  test("keeps out a client that has none; it is told what is missing", () => {
    expect(meet({}, { keys })).toEqual(outcomes("ERR_AUTHENTICATION", "wait"));
  });

  test("keeps a client from a server that has none", () => {
    expect(meet({ keys }, {})).toEqual(outcomes("ERR_AUTHENTICATION", "decide"));
  });

  test("can be replaced: first on the servers, then on the clients", () => {
    const [first] = keys;
    const [second] = other;
    const rotating = [second, first] as const;
    for (const client of [[first], [second], [first, second], rotating] as const) {
      const met = meet({ keys: client }, { keys: rotating });
      expect(met).toEqual(outcomes("welcomed", "decide"));
    }
    // A client proves with its first, and accepts no other from the server.
    expect(meet({ keys: rotating }, { keys }).client).toBe("ERR_AUTHENTICATION");
  });

  test("is bound to the TLS connection that both sides see", () => {
    const channelBinding = countingBytes(1)(32);
    const elsewhere = countingBytes(2)(32);
    const bound = { keys, channelBinding };
    expect(meet(bound, bound)).toEqual(outcomes("welcomed", "decide"));
    const both = outcomes("ERR_AUTHENTICATION", "ERR_AUTHENTICATION");
    expect(meet(bound, { keys, channelBinding: elsewhere })).toEqual(both);
    expect(meet(bound, { keys })).toEqual(both);
    expect(meet({ keys }, bound)).toEqual(both);
  });

  test("has nobody asked to decide before the proof", () => {
    for (const [client, count] of [
      [other, 0],
      [keys, 1],
    ] as const) {
      const server = serverEnd({ keys });
      converse(clientEnd({ keys: client }), server);
      expect(server.decided).toHaveLength(count);
    }
  });
});

describe("a refusal", () => {
  /** A server, and a client that has read what the server said before it heard anything. */
  function refusedAtOnce(
    refusal: Parameters<ServerHandshake["refuse"]>[0],
    secret?: typeof keys,
  ): { said: string; last: ReturnType<typeof clientEnd>["last"] } {
    const options = { codecs: [], features: [], randomBytes: countingBytes(9), keys: secret };
    const { send = Buffer.alloc(0) } = new ServerHandshake(options).refuse(refusal);
    const client = clientEnd({ keys: secret });
    client.feed(send);
    return { said: send.toString("latin1"), last: client.last };
  }

  test("before anything was said has its reason, text and time", () => {
    const { last } = refusedAtOnce({ reason: "busy", text: "full house", retryAfterMs: 250 });
    expect(last).toMatchObject({
      type: "failed",
      retryAfterMs: 250,
      error: { code: "ERR_BUSY", message: expect.stringMatching(/\(busy\): full house/) },
    });
  });

  test("of a stranger says nothing but when to come again", () => {
    const refusal = { reason: "closing", text: "maintenance", retryAfterMs: 0 } as const;
    expect(refusedAtOnce(refusal).said).toMatch(/closing.*maintenance/s);
    const { said, last } = refusedAtOnce(refusal, keys);
    expect(said).not.toMatch(/closing|maintenance/);
    expect(last).toMatchObject({ retryAfterMs: 0, error: { code: "ERR_REFUSED" } });
  });

  test.each([undefined, keys])("of somebody known says why", (secret) => {
    const client = clientEnd({ keys: secret });
    const server = new ServerHandshake({
      codecs: [],
      features: [],
      randomBytes: countingBytes(9),
      keys: secret,
    });
    const [first] = client.outbox.splice(0);
    let step = server.onPreface({ lowest: 1, highest: 1 });
    step = server.onFrame(handshakeKind.hello, first as Buffer, 12 + 5, (first as Buffer).length);
    if (step.type === "wait") {
      client.feed(step.send as Buffer);
      const [proof] = client.outbox.splice(0);
      step = server.onFrame(handshakeKind.proof, proof as Buffer, 5, (proof as Buffer).length);
    }
    expect(step.type).toBe("decide");
    const end = server.refuse({ reason: "denied", text: "not on the list\nERROR: none" });
    expect(end.error).toMatchObject({ code: "ERR_REFUSED" });
    client.feed(end.send as Buffer);
    expect(client.last).toMatchObject({
      type: "failed",
      retryAfterMs: undefined,
      error: {
        code: "ERR_REFUSED",
        message: "the server refused this client (denied): not on the list ERROR: none",
      },
    });
    expect(() => server.accept(admission)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    expect(server.refuse({ reason: "denied" })).not.toHaveProperty("send");
  });

  test("with a reason that is not known is a refusal all the same", () => {
    const client = clientEnd();
    client.feed(encodePreface({ lowest: 1, highest: 1 }));
    const fields = new Fields().setText("reason", "new moon").setBytes("versions", Buffer.of(1, 1));
    client.feed(handshakeFrame(handshakeKind.refuse, fields));
    expect(outcome(client)).toBe("ERR_REFUSED");
  });

  test("for a broken rule names it, except to a stranger", () => {
    for (const [secret, text] of [
      [undefined, "max-frame"],
      [keys, undefined],
    ] as const) {
      const server = serverEnd({ keys: secret });
      server.feed(encodePreface({ lowest: 1, highest: 1 }));
      server.feed(
        handshakeFrame(handshakeKind.hello, new Fields().setBytes("nonce", Buffer.alloc(32))),
      );
      expect(outcome(server)).toBe("ERR_PROTOCOL");
      const said = Buffer.concat(server.outbox).toString("latin1");
      expect(said.includes("max-frame")).toBe(text !== undefined);
      expect(said).toContain(text === undefined ? "refused" : "protocol");
    }
  });

  test("is not given to who does not even speak this wire", () => {
    const server = serverEnd();
    server.feed(Buffer.from("GET / HTTP/1.1\r\n"));
    expect(outcome(server)).toBe("ERR_PROTOCOL");
    expect(server.outbox).toEqual([]);
  });
});

describe("a field that is critical and not known", () => {
  const insisting = (first: Buffer): Buffer => {
    const payload = first.subarray(12 + 5);
    const more = new Fields().setBytes("shiny", Buffer.alloc(0), { critical: true }).write();
    const frame = Buffer.concat([first.subarray(12, 17), payload, more]);
    frame.writeUInt32LE(frame.length - 4);
    return Buffer.concat([first.subarray(0, 12), frame]);
  };

  test("in a hello is refused by name", () => {
    const [client, server] = [clientEnd(), serverEnd()];
    converse(client, server, (from, bytes) => [from === "client" ? insisting(bytes) : bytes]);
    expect(outcome(server)).toBe("ERR_VERSION");
    expect(client.last).toMatchObject({
      error: { code: "ERR_VERSION", message: expect.stringContaining('"shiny"') },
    });
  });

  test.each([handshakeKind.challenge, handshakeKind.welcome])(
    "in an answer of kind %d ends the client, by name",
    (kind) => {
      const client = clientEnd({ keys: kind === handshakeKind.challenge ? keys : undefined });
      client.feed(encodePreface({ lowest: 1, highest: 1 }));
      const fields = new Fields().setBytes("nonce", Buffer.alloc(32));
      fields.setBytes("shiny", Buffer.alloc(0), { critical: true });
      client.feed(handshakeFrame(kind, fields));
      expect(client.last).toMatchObject({
        error: { code: "ERR_VERSION", message: expect.stringContaining('"shiny"') },
      });
    },
  );
});

describe("options that no peer would take", () => {
  test.each([
    ["a limit that is too small", { ...hello, limits: { ...limits, maxFrameBytes: 1_023 } }],
    ["an empty name", { ...hello, codecs: [""] }],
    ["a name twice", { ...hello, features: ["a", "a"] }],
    ["a contract without a name", { ...hello, contract: { name: "" } }],
    ["a version that is a book", { ...hello, contract: { name: "a", version: "x".repeat(257) } }],
  ])("%s is a mistake at once", (_name, wrong) => {
    expect(() => clientEnd({ hello: wrong })).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG" }),
    );
  });

  test("a hello that is too large is one, too", () => {
    const meta = { note: "x".repeat(16_300) };
    expect(() => clientEnd({ hello: { ...hello, meta } })).toThrow(
      expect.objectContaining({ code: "ERR_TOO_LARGE" }),
    );
  });

  test("a server's welcome is checked as well", () => {
    const server = new ServerHandshake({ codecs: [], features: [], randomBytes: countingBytes(0) });
    const client = new ClientHandshake({ hello, randomBytes: countingBytes(0) });
    const first = client.start();
    server.onPreface({ lowest: 1, highest: 1 });
    server.onFrame(handshakeKind.hello, first, 17, first.length);
    for (const wrong of [
      { ...admission, peer: "" },
      { ...admission, resume: { token: new Uint8Array(15), windowMs: 1 } },
    ]) {
      expect(() => server.accept(wrong)).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
    }
  });
});

test("what is no error of ours passes through", () => {
  const broken = new ServerHandshake({
    codecs: [],
    features: [],
    keys,
    randomBytes() {
      throw new RangeError("no entropy");
    },
  });
  const first = new ClientHandshake({ hello, randomBytes: countingBytes(0) }).start();
  broken.onPreface({ lowest: 1, highest: 1 });
  expect(() => broken.onFrame(handshakeKind.hello, first, 17, first.length)).toThrow(RangeError);
  expect(broken.fail(new MyelinError("ERR_TIMEOUT", "too slow")).error.code).toBe("ERR_TIMEOUT");
});
