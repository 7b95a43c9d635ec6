import { describe } from "vitest";
import { test } from "../support/program.ts";
import { Cell } from "./cell.ts";
import { type Channel, cellName, pairs } from "./channels.ts";
import { falsy, nested, numbered, unicode } from "./messages.ts";

const channels: readonly Channel[] = [
  { name: "udp4", kind: "udp4" },
  { name: "udp6", kind: "udp6" },
];

// The kernel's receive buffer drops what a busy process has not fetched yet; so many small datagrams always fit.
const inFlight = 100;
const largestDatagram = 65_507;

for (const channel of channels) {
  describe.concurrent(`over ${channel.name}`, () => {
    for (const pair of pairs) {
      test(cellName(pair, channel), async ({ programs, expect }) => {
        const cell = await Cell.open({ expect, programs, pair, channel });
        // The server can answer once it has heard where the client is.
        for (const side of ["client", "server"] as const) {
          await cell.tell("falsy payloads", side, falsy);
          await cell.tell("unicode", side, unicode);
          await cell.tell("nested objects", side, nested);
          for (let n = 0; n < 2_000; n += inFlight) {
            await cell.tell("2,000 messages in order", side, numbered(inFlight, n));
          }
          const frame = '{"type":"hello","data":""}\f'.length;
          await cell.tell("the largest datagram", side, [
            ["hello", "x".repeat(largestDatagram - frame)],
          ]);
        }

        // The client's port is its name: a server that starts again in the same place hears it at once.
        await cell.restartServer();
        await cell.tell("after the restart", "client", nested);
        await cell.tell("after the restart", "server", nested);
        cell.expectNoErrors();
      });
    }
  });
}
