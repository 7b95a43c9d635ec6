// Runs the vectors of the handshake both ways: what we write is these bytes, and what we make of these
// bytes is this. The proofs in them were computed by another implementation.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Fields } from "../../../src/framing/fields.ts";
import { encodePreface, PrefaceReader, type VersionRange } from "../../../src/framing/preface.ts";
import { handshakeFrame, handshakeKind } from "../../../src/session/handshake/handshake-frame.ts";
import { type Hello, helloFields, readHello } from "../../../src/session/handshake/hello.ts";
import { proofKeys } from "../../../src/session/handshake/proof.ts";
import { ServerHandshake } from "../../../src/session/handshake/server-handshake.ts";
import {
  type Refusal,
  readRefusal,
  readWelcome,
  refusalFields,
  type Welcome,
  welcomeFields,
} from "../../../src/session/handshake/welcome.ts";
import { clientEnd, converse, End } from "./handshake-ends.ts";

interface ResumeVector {
  session: string;
  token: string;
  received: number;
}

type WelcomeVector = Omit<Welcome, "resume"> & { resume?: { token: string; windowMs: number } };

interface Vectors {
  prefaces: (VersionRange & { name: string; hex: string })[];
  prefacesRefused: { name: string; hex: string }[];
  fields: {
    name: string;
    records: { key: string; value: string; critical?: boolean }[];
    hex: string;
  }[];
  fieldsRefused: { name: string; hex: string; code: string }[];
  hellos: { name: string; nonce: string; hello: Hello; resume?: ResumeVector; hex: string }[];
  welcomes: { name: string; welcome: WelcomeVector; hex: string }[];
  refusals: { name: string; refusal: Refusal; hex: string }[];
  handshakes: {
    name: string;
    secret?: string;
    channelBinding?: string;
    clientNonce: string;
    serverNonce?: string;
    hello: Hello;
    resume?: ResumeVector;
    server: { codecs: string[]; features: string[] };
    welcome: WelcomeVector;
    steps: { from: "client" | "server"; hex: string }[];
  }[];
}

const vectors = JSON.parse(
  readFileSync(
    new URL("../../../../../docs/vectors/myelin-handshake.json", import.meta.url),
    "utf8",
  ),
) as Vectors;

const bytesOf = (hex: string): Buffer => Buffer.from(hex, "hex");
const withToken = <Part extends { token: string }>(part: Part | undefined) =>
  part === undefined ? undefined : { ...part, token: bytesOf(part.token) };
const welcomeOf = (vector: WelcomeVector): Welcome => ({
  ...vector,
  resume: withToken(vector.resume),
});

describe("a preface", () => {
  test.each(vectors.prefaces)("$name", ({ lowest, highest, hex }) => {
    expect(encodePreface({ lowest, highest }).toString("hex")).toBe(hex);
    const reader = new PrefaceReader();
    expect(reader.push(bytesOf(hex))).toBe(hex.length / 2);
    expect(reader.versions).toEqual({ lowest, highest });
  });

  test.each(vectors.prefacesRefused)("none: $name", ({ hex }) => {
    expect(() => new PrefaceReader().push(bytesOf(hex))).toThrow(
      expect.objectContaining({ code: "ERR_PROTOCOL" }),
    );
  });
});

describe("fields", () => {
  test.each(vectors.fields)("$name", ({ records, hex }) => {
    const fields = new Fields();
    for (const { key, value, critical = false } of records) {
      fields.setBytes(key, bytesOf(value), { critical });
    }
    expect(fields.write().toString("hex")).toBe(hex);
    const read = Fields.read(bytesOf(hex));
    expect(read.keys).toEqual(records.map(({ key }) => key));
    for (const { key, value, critical } of records) {
      expect(read.bytes(key)?.toString("hex")).toBe(value);
      const others = new Set(records.map((record) => record.key).filter((each) => each !== key));
      expect(read.unknownCritical(others)).toBe(critical === true ? key : undefined);
    }
  });

  test.each(vectors.fieldsRefused)("none: $name", ({ hex, code }) => {
    expect(() => Fields.read(bytesOf(hex))).toThrow(expect.objectContaining({ code }));
  });
});

describe("a frame", () => {
  const headerBytes = 5;
  const fieldsOf = (hex: string): Fields => Fields.read(bytesOf(hex), headerBytes);

  test.each(vectors.hellos)("hello: $name", ({ hello, nonce, resume, hex }) => {
    const content = { hello, nonce: bytesOf(nonce), resume: withToken(resume) };
    expect(handshakeFrame(handshakeKind.hello, helloFields(content)).toString("hex")).toBe(hex);
    const read = readHello(fieldsOf(hex));
    expect(read).toEqual(content);
    // `__proto__` is a key like any other, which toEqual does not see.
    expect(Object.entries(read.hello.meta)).toEqual(Object.entries(hello.meta));
  });

  test.each(vectors.welcomes)("welcome: $name", ({ welcome, hex }) => {
    const content = welcomeOf(welcome);
    const fields = welcomeFields(content);
    expect(handshakeFrame(handshakeKind.welcome, fields).toString("hex")).toBe(hex);
    expect(readWelcome(fieldsOf(hex))).toEqual(content);
  });

  test.each(vectors.refusals)("refuse: $name", ({ refusal, hex }) => {
    const fields = refusalFields(refusal);
    expect(handshakeFrame(handshakeKind.refuse, fields).toString("hex")).toBe(hex);
    expect(readRefusal(fieldsOf(hex))).toEqual(refusal);
  });
});

describe("a handshake", () => {
  test.each(vectors.handshakes)("$name", (vector) => {
    const { secret, channelBinding, hello, resume, server, steps } = vector;
    const shared = {
      keys: secret === undefined ? undefined : proofKeys(bytesOf(secret)),
      channelBinding: channelBinding === undefined ? undefined : bytesOf(channelBinding),
    };
    const welcome = welcomeOf(vector.welcome);
    const client = clientEnd({
      ...shared,
      hello,
      resume: withToken(resume),
      randomBytes: () => bytesOf(vector.clientNonce),
    });
    const handshake = new ServerHandshake({
      ...shared,
      ...server,
      randomBytes: () => bytesOf(vector.serverNonce ?? ""),
    });
    const end = new End(
      handshake,
      (error) => handshake.fail(error),
      (step) => {
        if (step.type === "decide") end.outbox.push(handshake.accept(welcome).send);
        return step;
      },
    );
    const said: { from: string; hex: string }[] = [];
    converse(client, end, (from, bytes) => {
      said.push({ from, hex: bytes.toString("hex") });
      return [bytes];
    });
    expect(said).toEqual(steps);
    expect(client.last).toEqual({ type: "welcomed", version: 1, welcome });
  });
});
