import { describe } from "vitest";
import { freePort } from "../support/free-port.ts";
import { type Program, test } from "../support/program.ts";
import { canMeet, cellName, pairs } from "./channels.ts";

type RawReport =
  | { readonly type: "started" | "error" }
  | { readonly type: "heard"; readonly name: string; readonly bytes: Uint8Array };

/** What each side says: text, which `emit` takes in the configured encoding, then bytes. */
interface RawChannel {
  readonly kind: "unix" | "tcp" | "udp4";
  readonly encoding: BufferEncoding;
  readonly text: string;
  readonly bytes: Uint8Array;
  /** How often the bytes are said, each time by an `emit` of its own. */
  readonly times?: number;
}

const allBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const unicode = "one to four bytes: a é € 😀";

// 9 to 12 turn what they receive into text of the configured encoding and back: each encoding carries just what it can
// hold, and base64 keeps up to two bytes back until a multiple of three is there.
const ofEachEncoding: readonly RawChannel[] = [
  { kind: "unix", encoding: "utf8", text: unicode, bytes: Buffer.from(`\f{${unicode}`) },
  { kind: "unix", encoding: "ascii", text: "plain\n", bytes: allBytes.subarray(0, 128) },
  { kind: "unix", encoding: "utf16le", text: unicode, bytes: Buffer.from(unicode, "utf16le") },
  { kind: "unix", encoding: "ucs2", text: unicode, bytes: Buffer.from(unicode, "ucs2") },
  { kind: "unix", encoding: "hex", text: "00ff0c0a", bytes: allBytes },
  { kind: "unix", encoding: "base64", text: "AP8M", bytes: allBytes.subarray(0, 255) },
];
const channels: readonly RawChannel[] = [
  ...ofEachEncoding,
  {
    kind: "tcp",
    encoding: "hex",
    text: "ffee0d0c",
    bytes: allBytes,
    times: 400,
  },
  // Over UDP 9 to 12 read every datagram as UTF-8, whatever the encoding.
  { kind: "udp4", encoding: "utf8", text: unicode, bytes: Buffer.from(`\f{${unicode}`) },
];

describe.concurrent("raw buffers", () => {
  for (const pair of pairs) {
    test.runIf(canMeet(pair))(
      cellName(pair, "raw unix, tcp and udp4"),
      async ({ programs, expect }) => {
        const said = channels.map((channel) => ({
          ...channel,
          name: nameOf(channel),
          all: allOf(channel),
        }));
        const options = {
          channels: await Promise.all(
            said.map(async ({ kind, name, encoding, text, bytes, times, all }) => ({
              ...{ kind, name, encoding, length: all.length, host: "127.0.0.1" },
              ...(kind !== "unix" && { port: await freePort(kind), ownPort: await freePort(kind) }),
              values: [{ text }, { base64: Buffer.from(bytes).toString("base64"), times }],
            })),
          ),
        };
        const server: Program<RawReport> = programs.start(
          new URL("./raw-server.mjs", import.meta.url),
          {
            implementation: pair.server,
            options,
          },
        );
        for (const _ of channels) await server.next("started");
        const client: Program<RawReport> = programs.start(
          new URL("./raw-client.mjs", import.meta.url),
          {
            implementation: pair.client,
            options,
          },
        );
        const asSaid = Object.fromEntries(said.map(({ name, all }) => [name, all.toString("hex")]));
        expect.soft(await heardBy(server), "heard by the server").toEqual(asSaid);
        expect.soft(await heardBy(client), "heard by the client").toEqual(asSaid);
        expect.soft([...server.pending, ...client.pending], "errors").toEqual([]);
      },
    );
  }
});

function nameOf({ kind, encoding }: RawChannel): string {
  return `${kind} in ${encoding}`;
}

function allOf({ text, bytes, encoding, times = 1 }: RawChannel): Buffer {
  return Buffer.concat([Buffer.from(text, encoding), ...Array<Uint8Array>(times).fill(bytes)]);
}

/** What arrived on every channel, in hex. */
async function heardBy(party: Program<RawReport>): Promise<Record<string, string>> {
  const heard: Record<string, string> = {};
  for (const _ of channels) {
    const { name, bytes } = await party.next("heard");
    heard[name] = Buffer.from(bytes).toString("hex");
  }
  return heard;
}
