// Runs the vectors of UDP both ways: what we write is these bytes, and what we make of these bytes is
// this. Another implementation computed the bytes.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { isMyelinError } from "../../../src/errors.ts";
import { DatagramCookies } from "../../../src/session/datagrams/datagram-cookies.ts";
import { DatagramDoorman } from "../../../src/session/datagrams/datagram-doorman.ts";
import { eventEntry, readEvents } from "../../../src/session/datagrams/datagram-events.ts";
import {
  type Datagram,
  datagramBytes,
  type EventsDatagram,
  eventsDatagram,
  readDatagram,
} from "../../../src/session/datagrams/datagrams.ts";

interface Named {
  readonly name: string;
  readonly hex: string;
}

interface Vectors {
  datagrams: (Named & { datagram: Record<string, unknown> & { kind: string } })[];
  events: (Named & {
    token: string;
    number: number;
    events: { name: string; codec: number; body: string }[];
  })[];
  cookies: {
    name: string;
    key: string;
    nowMs: number;
    nonce: string;
    source: string;
    cookie: string;
  }[];
  none: Named[];
  entriesRefused: Named[];
  otherVersions: (Named & { version: number; nonce: string })[];
}

const url = new URL("../../../../../docs/vectors/myelin-udp.json", import.meta.url);
const vectors = JSON.parse(readFileSync(url, "utf8")) as Vectors;
const bytesOf = (hex: string): Buffer => Buffer.from(hex, "hex");

/** The parts of a datagram that are bytes stand in the vectors as text. */
const byteParts = ["nonce", "cookie", "token", "peer"];
function datagramOf(vector: Record<string, unknown>): Exclude<Datagram, EventsDatagram> {
  const parts = Object.entries(vector).map(([key, value]) => [
    key,
    byteParts.includes(key) ? bytesOf(value as string) : value,
  ]);
  return Object.fromEntries(parts) as Exclude<Datagram, EventsDatagram>;
}

describe("a datagram", () => {
  test.each(vectors.datagrams)("$name", ({ datagram, hex }) => {
    const content = datagramOf(datagram);
    expect(datagramBytes(content).toString("hex")).toBe(hex);
    expect(readDatagram(bytesOf(hex))).toEqual(content);
    // What is behind it belongs to a later version.
    expect(readDatagram(Buffer.concat([bytesOf(hex), Buffer.of(1)]))).toEqual(content);
  });

  test.each(vectors.none)("none: $name", ({ hex }) => {
    expect(readDatagram(bytesOf(hex))).toBeUndefined();
  });

  test.each(vectors.otherVersions)("$name is one that can be answered", (vector) => {
    const hello = readDatagram(bytesOf(vector.hex));
    expect(hello).toMatchObject({ kind: "hello", version: vector.version });
    expect(hello).toMatchObject({ nonce: bytesOf(vector.nonce) });
  });
});

describe("events", () => {
  test.each(vectors.events)("$name", ({ events, hex, number, token }) => {
    const entries = events.map(({ body, codec, name }) => ({
      frame: eventEntry(
        Buffer.from(name),
        codec === 0 ? undefined : { codec, body: bytesOf(body), isOwn: true },
      ),
    }));
    const bytes = entries.reduce((sum, { frame }) => sum + frame.length, 0);
    expect(eventsDatagram(bytesOf(token), number, entries, bytes).toString("hex")).toBe(hex);
    const read = readDatagram(bytesOf(hex)) as EventsDatagram;
    expect(read).toMatchObject({ kind: "events", number, token: bytesOf(token) });
    const arrived = readEvents(read.entries);
    expect(arrived.reduce((sum, each) => sum + each.bytes, 0)).toBe(read.entries.length);
    expect(arrived).toMatchObject(
      events.map(({ body, codec, name }) => ({
        ...{ name, codec: codec === 0 ? undefined : codec, body: bytesOf(body) },
      })),
    );
  });

  test("of JSON text have the bytes of that text", () => {
    const text = JSON.stringify({ wörter: "🙂" });
    const coded = { codec: 1, body: Buffer.from(text), isOwn: true };
    expect(eventEntry(Buffer.from("x"), text)).toEqual(eventEntry(Buffer.from("x"), coded));
  });

  test.each(vectors.entriesRefused)("none: $name", ({ hex }) => {
    const refused = expect.objectContaining({ code: "ERR_PROTOCOL" });
    expect(() => readEvents(bytesOf(hex))).toThrow(refused);
  });
});

describe("a cookie", () => {
  const clockAt = (nowMs: number, key: string): Clock => ({
    ...systemClock,
    now: () => nowMs,
    randomBytes: () => bytesOf(key),
  });

  test.each(vectors.cookies)("of $name", ({ cookie, key, nonce, nowMs, source }) => {
    const cookies = new DatagramCookies(clockAt(nowMs, key));
    expect(cookies.make(bytesOf(nonce), source).toString("hex")).toBe(cookie);
    expect(cookies.isValid(bytesOf(cookie), bytesOf(nonce), source)).toBe(true);
  });

  test("is good for its source, its nonce and its server, for ten seconds", () => {
    const [vector = expect.fail()] = vectors.cookies;
    const { key, nowMs, source } = vector;
    const [cookie, nonce] = [bytesOf(vector.cookie), bytesOf(vector.nonce)];
    const at = (ms: number, usedKey = key) => new DatagramCookies(clockAt(ms, usedKey));
    expect(at(nowMs + 9_000).isValid(cookie, nonce, source)).toBe(true);
    expect(at(nowMs + 12_000).isValid(cookie, nonce, source)).toBe(false);
    expect(at(nowMs - 2_000).isValid(cookie, nonce, source)).toBe(false);
    expect(at(nowMs).isValid(cookie, nonce, `${source}1`)).toBe(false);
    expect(at(nowMs).isValid(cookie, Buffer.alloc(8), source)).toBe(false);
    expect(at(nowMs, "ff".repeat(32)).isValid(cookie, nonce, source)).toBe(false);
    for (let at8 = 0; at8 < cookie.length; at8 += 1) {
      const changed = Buffer.from(cookie);
      changed[at8] = (changed[at8] as number) ^ 1;
      expect(at(nowMs).isValid(changed, nonce, source), `byte ${at8}`).toBe(false);
    }
  });
});

test("whatever arrives is read, refused with a code, or nothing; no answer is longer", () => {
  const doorman = new DatagramDoorman({
    clock: systemClock,
    vacancy: () => "full",
    onRefused: () => {},
  });
  const stranger = { source: "udp://192.0.2.1:1", address: "udp://192.0.2.2:1", hasPlace: false };
  const all = [...vectors.datagrams, ...vectors.events, ...vectors.otherVersions].map(({ hex }) =>
    bytesOf(hex),
  );
  const mutated = fc
    .tuple(
      fc.constantFrom(...all),
      fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }),
      fc.nat(130),
    )
    .map(([bytes, changes, length]) => {
      const copy = Buffer.from(bytes);
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      return copy.subarray(0, length);
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      const datagram = readDatagram(bytes);
      if (datagram?.kind === "events") {
        try {
          readEvents(datagram.entries);
        } catch (reason) {
          expect(isMyelinError(reason)).toBe(true);
        }
      }
      const answer = doorman.ask(bytes, stranger);
      if (answer instanceof Uint8Array) expect(answer.length).toBeLessThanOrEqual(bytes.length);
      else expect(answer).toBeUndefined();
    }),
    { numRuns: 3_000 },
  );
});
