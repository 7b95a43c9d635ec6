// What strangers try before they are let in: each ends in one coded error, and nobody is let in who
// does not have the secret.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isMyelinError } from "../../../src/errors.ts";
import { Fields } from "../../../src/framing/fields.ts";
import { encodePreface } from "../../../src/framing/preface.ts";
import { handshakeFrame, handshakeKind } from "../../../src/session/handshake/handshake-frame.ts";
import { proofKeys, prove, Transcript } from "../../../src/session/handshake/proof.ts";
import { welcomeFields } from "../../../src/session/handshake/welcome.ts";
import {
  admission,
  type ClientEnd,
  clientEnd,
  converse,
  countingBytes,
  hello,
  limits,
  outcome,
  type ServerEnd,
  serverEnd,
} from "./handshake-ends.ts";

const keys = proofKeys("a secret of random bytes");
const prefaceBytes = 12;
const kindAt = 4;
const headerBytes = 5;
const preface = encodePreface({ lowest: 1, highest: 1 });
const bothCodecs = { codecs: ["msgpack", "cbor"], features: ["trace"] };

type Side = "client" | "server";

/** Everything that was said in a handshake, in its order. */
function recorded(client: ClientEnd, server: ServerEnd): { from: Side; bytes: Buffer }[] {
  const said: { from: Side; bytes: Buffer }[] = [];
  converse(client, server, (from, bytes) => {
    said.push({ from, bytes: Buffer.from(bytes) });
    return [bytes];
  });
  return said;
}

/** A frame with its fields changed. */
function changed(frame: Buffer, change: (fields: Fields) => void): Buffer {
  const fields = Fields.read(frame, headerBytes);
  change(fields);
  return handshakeFrame(frame[kindAt] as number, fields);
}

/** The same for what begins with a preface. */
function changedFirst(bytes: Buffer, change: (fields: Fields) => void): Buffer {
  const frame = changed(bytes.subarray(prefaceBytes), change);
  return Buffer.concat([bytes.subarray(0, prefaceBytes), frame]);
}

describe("who does not have the secret", () => {
  test("cannot send a server's proof back to it, over another connection", () => {
    // The victim is a server and, elsewhere, a client with the same secret and the same bad luck
    // with its nonces. Whatever it says as one is no proof as the other.
    const randomBytes = () => new Uint8Array(32);
    const victim = serverEnd({ keys, randomBytes });
    const said = recorded(clientEnd({ keys, randomBytes }), serverEnd({ keys, randomBytes }));
    const [first, , , welcome] = said.map(({ bytes }) => bytes) as [Buffer, Buffer, Buffer, Buffer];
    const proof = Fields.read(welcome, headerBytes).bytes("proof") as Buffer;
    victim.feed(first);
    victim.feed(handshakeFrame(handshakeKind.proof, new Fields().setBytes("proof", proof)));
    expect(outcome(victim)).toBe("ERR_AUTHENTICATION");

    const client = clientEnd({ keys, randomBytes });
    const [, challenge, ownProof] = said.map(({ bytes }) => bytes) as [Buffer, Buffer, Buffer];
    client.feed(challenge);
    expect(client.outbox.at(-1)).toEqual(ownProof);
    const reflected = Fields.read(ownProof, headerBytes).bytes("proof") as Buffer;
    client.feed(changed(welcome, (fields) => fields.setBytes("proof", reflected)));
    expect(outcome(client)).toBe("ERR_AUTHENTICATION");
  });

  test("cannot repeat an old handshake: the other side has another nonce", () => {
    const said = recorded(clientEnd({ keys }), serverEnd({ keys }));
    const server = serverEnd({ keys, randomBytes: countingBytes(101) });
    for (const { from, bytes } of said) if (from === "client") server.feed(bytes);
    expect(outcome(server)).toBe("ERR_AUTHENTICATION");
    expect(server.decided).toEqual([]);

    const client = clientEnd({ keys, randomBytes: countingBytes(1) });
    for (const { from, bytes } of said) if (from === "server") client.feed(bytes);
    expect(outcome(client)).toBe("ERR_AUTHENTICATION");

    // With the same nonces it would have been the same handshake.
    const twin = serverEnd({ keys });
    for (const { from, bytes } of said) if (from === "client") twin.feed(bytes);
    expect(outcome(twin)).toBe("decide");
  });

  test.each<[string, (from: Side, bytes: Buffer) => Buffer]>([
    [
      "codecs out of the hello",
      (from, bytes) =>
        from === "client" && bytes.length > 100
          ? changedFirst(bytes, (fields) => fields.setTexts("codecs", ["cbor"]))
          : bytes,
    ],
    [
      "codecs out of the welcome",
      (from, bytes) =>
        bytes[kindAt] === handshakeKind.welcome && from === "server"
          ? changed(bytes, (fields) => fields.setTexts("codecs", ["cbor"]))
          : bytes,
    ],
    [
      "versions out of the preface",
      (from, bytes) => {
        if (from === "client" && bytes.length > 100) bytes[9] = 1;
        return bytes;
      },
    ],
    [
      "the client's limits",
      (from, bytes) =>
        from === "client" && bytes.length > 100
          ? changedFirst(bytes, (fields) => fields.setNumber("window-messages", 1))
          : bytes,
    ],
  ])("cannot change %s on the way", (_name, change) => {
    const versions = { lowest: 1, highest: 2 };
    const client = clientEnd({ keys, versions, hello: { ...hello, ...bothCodecs } });
    const server = serverEnd({ keys, versions, ...bothCodecs });
    let changes = 0;
    converse(client, server, (from, bytes) => {
      const result = change(from, Buffer.from(bytes));
      if (!result.equals(bytes)) changes += 1;
      return [result];
    });
    expect(changes).toBe(1);
    expect(outcome(client)).toBe("ERR_AUTHENTICATION");
  });

  test("cannot leave out the challenge, or the proof", () => {
    const said = recorded(clientEnd(), serverEnd());
    const welcome = said.find(({ from }) => from === "server")?.bytes as Buffer;
    for (const proof of [undefined, Buffer.alloc(0), Buffer.alloc(32)]) {
      const client = clientEnd({ keys });
      client.feed(
        changedFirst(welcome, (fields) => {
          if (proof !== undefined) fields.setBytes("proof", proof);
        }),
      );
      expect(outcome(client)).toBe("ERR_AUTHENTICATION");
    }
    const server = serverEnd({ keys });
    server.feed(said[0]?.bytes as Buffer);
    server.feed(handshakeFrame(handshakeKind.proof, new Fields()));
    expect(outcome(server)).toBe("ERR_PROTOCOL");
  });

  test("is who lets a client in without its proof, whatever it proves itself", () => {
    const client = clientEnd({ keys });
    const [first] = client.outbox as [Buffer];
    const body = welcomeFields({ ...admission, codecs: [], features: [] });
    const transcript = new Transcript();
    for (const bytes of [first, preface, handshakeFrame(handshakeKind.welcome, body)]) {
      transcript.add(bytes);
    }
    body.setBytes("proof", prove(keys[0], { role: "server", transcript }));
    client.feed(preface);
    client.feed(handshakeFrame(handshakeKind.welcome, body));
    expect(outcome(client)).toBe("ERR_AUTHENTICATION");
  });

  test("cannot hide a change behind the proof, which covers only what is before it", () => {
    for (const change of [
      (fields: Fields) => fields.setText("zzz", ""),
      (fields: Fields) => {
        const proof = fields.bytes("proof") as Buffer;
        fields.setBytes("proof", proof, { critical: true });
      },
    ]) {
      for (const target of [handshakeKind.proof, handshakeKind.welcome]) {
        const [client, server] = [clientEnd({ keys }), serverEnd({ keys })];
        converse(client, server, (_from, bytes) => [
          bytes[kindAt] === target ? changed(bytes, change) : bytes,
        ]);
        expect(outcome(client)).not.toBe("welcomed");
        if (target === handshakeKind.proof) expect(server.decided).toEqual([]);
      }
    }
  });
});

describe("a frame that is not due", () => {
  const kinds = [...Object.values(handshakeKind), 0x00, 0x06, 0x10, 0x20, 0x80, 0xc0, 0xff];

  test.each(kinds)("of kind %d, as the first, ends a server unless it is a hello", (kind) => {
    const server = serverEnd({ keys });
    server.feed(preface);
    server.feed(handshakeFrame(kind, new Fields()));
    // An empty hello breaks a rule of its own.
    expect(outcome(server)).toBe("ERR_PROTOCOL");
    server.feed(handshakeFrame(kind, new Fields()));
    expect(server.decided).toEqual([]);
  });

  test.each(kinds)("of kind %d ends a client that has sent its proof", (kind) => {
    const client = clientEnd({ keys });
    const server = serverEnd({ keys });
    const [first] = client.outbox.splice(0);
    server.feed(first as Buffer);
    client.feed(server.outbox.splice(0)[0] as Buffer);
    expect(outcome(client)).toBe("wait");
    client.feed(handshakeFrame(kind, new Fields()));
    const expected = kind === handshakeKind.welcome ? "ERR_AUTHENTICATION" : "ERR_PROTOCOL";
    expect(outcome(client)).toBe(expected);
  });

  test("is also a second hello, a second challenge and a second proof", () => {
    const said = recorded(clientEnd({ keys }), serverEnd({ keys }));
    const [first, challenge, proof] = said.map(({ bytes }) => bytes) as [Buffer, Buffer, Buffer];
    const server = serverEnd({ keys }, () => undefined);
    server.feed(first);
    server.feed(proof);
    expect(outcome(server)).toBe("decide");
    server.feed(proof);
    expect(outcome(server)).toBe("ERR_PROTOCOL");

    const twice = serverEnd({ keys });
    twice.feed(first);
    twice.feed(first.subarray(prefaceBytes));
    expect(outcome(twice)).toBe("ERR_PROTOCOL");

    const client = clientEnd({ keys });
    client.feed(challenge);
    client.feed(challenge.subarray(prefaceBytes));
    expect(outcome(client)).toBe("ERR_PROTOCOL");
  });
});

describe("a server's answer", () => {
  test.each<[string, (fields: Fields) => void]>([
    ["a codec that was not offered", (fields) => fields.setTexts("codecs", ["own"])],
    ["a feature that was not offered", (fields) => fields.setTexts("features", ["own"])],
    ["a session that was not asked for", (fields) => fields.setNumber("received", 1)],
    ["a token without a window", (fields) => fields.setBytes("token", Buffer.alloc(16))],
    ["a short token", (f) => f.setBytes("token", Buffer.alloc(15)).setNumber("resume-window", 1)],
    ["no name for the client", (fields) => fields.setText("peer", "")],
    ["frames of nothing", (fields) => fields.setNumber("max-frame", 0)],
    ["frames that no length can say", (fields) => fields.setNumber("max-frame", 2 ** 32)],
    ["a window of nothing", (fields) => fields.setNumber("window-messages", 0)],
  ])("with %s ends the client", (_name, change) => {
    const client = clientEnd();
    converse(client, serverEnd(), (from, bytes) => [
      from === "server" ? changedFirst(bytes, change) : bytes,
    ]);
    expect(outcome(client)).toBe("ERR_PROTOCOL");
  });
});

describe("a client's hello", () => {
  test.each<[string, (fields: Fields) => void]>([
    ["a short nonce", (fields) => fields.setBytes("nonce", Buffer.alloc(31))],
    ["a window of many bytes", (fields) => fields.setBytes("resume-window", Buffer.alloc(9, 255))],
    ["a part of a session", (fields) => fields.setText("session", "p1")],
    ["meta without a value", (fields) => fields.setTexts("meta", ["user"])],
    ["meta with a key twice", (fields) => fields.setTexts("meta", ["a", "1", "a", "2"])],
    ["a version of no contract", (fields) => fields.setText("contract-version", "2")],
    ["messages of nothing", (fields) => fields.setNumber("max-message", 0)],
    [
      "too many codecs",
      (f) =>
        f.setTexts(
          "codecs",
          [..."x".repeat(241)].map((x, i) => x + i),
        ),
    ],
  ])("with %s is refused", (_name, change) => {
    const server = serverEnd();
    converse(clientEnd(), server, (from, bytes) => [
      from === "client" ? changedFirst(bytes, change) : bytes,
    ]);
    expect(outcome(server)).toBe("ERR_PROTOCOL");
  });

  test("cannot reach the prototype of its meta", () => {
    const server = serverEnd();
    converse(clientEnd(), server, (from, bytes) => [
      from === "client"
        ? changedFirst(bytes, (fields) => fields.setTexts("meta", ["__proto__", "x", "a", "b"]))
        : bytes,
    ]);
    const meta = server.decided[0]?.hello.meta as Record<string, string>;
    expect(Object.entries(meta)).toEqual([
      ["__proto__", "x"],
      ["a", "b"],
    ]);
    expect("toString" in meta).toBe(false);
  });

  test("of more than 16 KiB is refused by its length, before it is there", () => {
    const server = serverEnd();
    server.feed(preface);
    server.feed(Buffer.from([1, 0x40, 0, 0]));
    expect(outcome(server)).toBe("ERR_TOO_LARGE");
  });
});

/** One change somewhere in some bytes. */
const mutation = fc.record({
  kind: fc.constantFrom("overwrite", "insert", "delete", "truncate", "double"),
  at: fc.nat(),
  byte: fc.nat(255),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer Each> ? Each : never;

function mutate(bytes: Buffer, { kind, at, byte }: Mutation): Buffer {
  const index = at % bytes.length;
  const [before, after] = [bytes.subarray(0, index), bytes.subarray(index)];
  if (kind === "insert") return Buffer.concat([before, Buffer.of(byte), after]);
  if (kind === "delete") return Buffer.concat([before, after.subarray(1)]);
  if (kind === "truncate") return Buffer.from(before);
  if (kind === "double") return Buffer.concat([before, after, after]);
  const result = Buffer.from(bytes);
  result[index] = byte;
  return result;
}

describe("any change of any bytes", () => {
  const rich = { hello: { ...hello, ...bothCodecs, meta: { user: "ada" }, limits } };
  const resume = { session: "p1", token: new Uint8Array(16), received: 300 };

  test.each([
    ["with a secret", keys],
    ["without", undefined],
  ])("%s ends in an error of ours, in waiting, or in nothing; never otherwise", (_name, secret) => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.nat(secret === undefined ? 1 : 3),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 500 }),
        (target, mutations, pieceBytes) => {
          const client = clientEnd({ ...rich, resume, keys: secret });
          const server = serverEnd({ ...bothCodecs, keys: secret });
          let count = -1;
          let changedBy: Side | undefined;
          converse(client, server, (from, bytes) => {
            count += 1;
            const result = count === target ? mutations.reduce(mutate, bytes) : bytes;
            // What follows a whole frame belongs to what comes later.
            if (!result.subarray(0, bytes.length).equals(bytes)) changedBy = from;
            return pieces(result, pieceBytes);
          });
          for (const { last } of [client, server]) {
            if (last?.type === "failed") expect(isMyelinError(last.error)).toBe(true);
          }
          seen.add(outcome(client)).add(outcome(server));
          if (secret === undefined || changedBy === undefined) return;
          expect(outcome(client)).not.toBe("welcomed");
          if (changedBy === "client") expect(server.decided).toEqual([]);
        },
      ),
      { numRuns: 1_500 },
    );
    // The changes did reach something.
    expect([...seen]).toEqual(expect.arrayContaining(["ERR_PROTOCOL", "ERR_TOO_LARGE"]));
    // Without a secret it is rare: a welcome whose kind has become that of a challenge.
    if (secret !== undefined) expect([...seen]).toContain("ERR_AUTHENTICATION");
  });

  test("and bytes of no sense at all", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), fc.boolean(), (chunks, greets) => {
        for (const end of [clientEnd({ keys }), serverEnd({ keys }), clientEnd(), serverEnd()]) {
          if (greets) end.feed(preface);
          for (const chunk of chunks) end.feed(chunk);
          expect(["silence", "wait", "ERR_PROTOCOL", "ERR_TOO_LARGE"]).toContain(outcome(end));
        }
      }),
      { numRuns: 300 },
    );
  });
});

function pieces(bytes: Buffer, size: number): Buffer[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}
