import { describe } from "vitest";
import { test } from "../support/program.ts";
import { Cell } from "./cell.ts";
import { type Channel, cellName, pairs } from "./channels.ts";

const allBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const unicodeText = "one to four bytes: a é € 😀";

// 9 to 12 turn what they receive into text of the configured encoding and back: each encoding carries just what it can
// hold, and base64 keeps up to two bytes back until a multiple of three is there.
const encodings: readonly {
  readonly encoding: BufferEncoding;
  readonly bytes: Uint8Array;
  /** Given to `emit` as text, which it takes in the configured encoding. */
  readonly text: string;
}[] = [
  { encoding: "utf8", bytes: Buffer.from(`${unicodeText}\f{`), text: unicodeText },
  { encoding: "ascii", bytes: allBytes.subarray(0, 128), text: "plain\n" },
  { encoding: "utf16le", bytes: Buffer.from(unicodeText, "utf16le"), text: unicodeText },
  { encoding: "ucs2", bytes: Buffer.from(unicodeText, "ucs2"), text: unicodeText },
  { encoding: "hex", bytes: allBytes, text: "00ff0c0a" },
  { encoding: "base64", bytes: allBytes.subarray(0, 255), text: "AP8M" },
];

const raw = (name: string, kind: Channel["kind"], encoding: BufferEncoding): Channel => ({
  name: `${name} in ${encoding}`,
  kind,
  config: { rawBuffer: true, encoding },
});

for (const { encoding, bytes, text } of encodings) {
  const channels = [
    raw("raw unix", "unix", encoding),
    // The encodings do not know what the stream below is: one of them for each of the others.
    ...(encoding === "hex" ? [raw("raw tcp", "tcp", encoding)] : []),
    // Over UDP 9 to 12 read every datagram as UTF-8, whatever the encoding.
    ...(encoding === "utf8" ? [raw("raw udp4", "udp4", encoding)] : []),
  ];
  for (const channel of channels) {
    describe.concurrent(`over ${channel.name}`, () => {
      for (const pair of pairs) {
        test(cellName(pair, channel), async ({ programs, expect }) => {
          const cell = await Cell.open({ expect, programs, pair, channel });
          for (const side of ["client", "server"] as const) {
            await cell.tellRaw("a Buffer", side, [bytes]);
            await cell.tellRaw("text", side, [text]);
            await cell.tellRaw("both together", side, [text, bytes]);
          }
          cell.expectNoErrors();
        });
      }
    });
  }
}
