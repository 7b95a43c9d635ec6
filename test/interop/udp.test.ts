import { describe } from "vitest";
import { realImplementations } from "../support/implementations.ts";
import { test } from "../support/program.ts";
import { Cell } from "./cell.ts";
import { type Channel, canMeet, cellName, pairs } from "./channels.ts";
import { falsy, nested, numbered, takesIds, unicode } from "./messages.ts";
import { openClient, openServer } from "./parties.ts";

const channels: readonly Channel[] = [
  { name: "udp4", kind: "udp4" },
  { name: "udp6", kind: "udp6" },
];

// The kernel's receive buffer drops what a busy process has not fetched yet; so many small datagrams always fit.
const inFlight = 200;
const largestDatagram = 65_507;

for (const channel of channels) {
  describe.concurrent(`over ${channel.name}`, () => {
    for (const pair of pairs) {
      test.runIf(canMeet(pair))(cellName(pair, channel.name), async ({ programs, expect }) => {
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

        await cell.tell("who it is", "client", [["hello", { id: "alice" }]]);
        cell.server.send({ identify: true });
        const id = takesIds(pair.server) ? "alice" : undefined;
        expect.soft(await cell.server.next("identified"), "id of the peer").toMatchObject({ id });

        cell.expectNoErrors();
      });
    }
  });
}

describe.concurrent("a datagram that is too large", () => {
  const channel: Channel = { name: "udp4", kind: "udp4" };
  const tooLarge = [["hello", "x".repeat(largestDatagram)]];
  const small = [["hello", "still here"]];

  for (const implementation of ["ours", ...realImplementations] as const) {
    const outcome = {
      ours: "is an error event",
      "node-ipc@14.0.0": "is dropped without a word",
    }[implementation as string];

    test(`${implementation}: ${outcome ?? "ends the process"}`, async ({ programs, expect }) => {
      const { server, place } = await openServer(programs, "node-ipc@9.2.1", channel);
      const client = await openClient(programs, implementation, channel, place);
      client.send({ say: tooLarge });
      if (outcome === undefined) {
        expect(await client.exit).toMatchObject({ code: 1 });
        expect(client.output).toMatch(/TypeError: .*\blog\b/);
        return;
      }
      client.send({ say: small });
      server.send({ collect: 1 });
      expect((await server.next("collected")).messages).toEqual(small);
      client.send({ ping: true });
      await client.next("pong");
      const errors = client.pending.filter(({ type }) => type === "error");
      expect(errors).toMatchObject(
        implementation === "ours" ? [{ code: "ERR_IPC_DATAGRAM_TOO_LARGE" }] : [],
      );
    });
  }
});
