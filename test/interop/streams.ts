// The conversation of every cell whose transport is a stream: unix, tcp, tls.
import { describe, type ExpectStatic } from "vitest";
import { test } from "../support/program.ts";
import { Cell, type Side } from "./cell.ts";
import { type Channel, canMeet, cellName, type Pair, pairs } from "./channels.ts";
import { falsy, nested, numbered, takesIds, unicode } from "./messages.ts";

const MiB = 1024 * 1024;
const timeout = 120_000;

/** One test for each pair of implementations. */
export function testStreams(channel: Channel): void {
  describe.concurrent(`over ${channel.name}`, () => {
    for (const pair of pairs) {
      test.runIf(canMeet(pair))(
        cellName(pair, channel.name),
        { timeout },
        async ({ programs, expect }) => {
          const early = numbered(3);
          const onConnect = numbered(2, 3);
          const cell = await Cell.open({ expect, programs, pair, channel }, { early, onConnect });
          await cell.hear("said before and on connecting", "client", [...early, ...onConnect]);

          for (const side of ["server", "client"] as const) {
            await cell.tell("falsy payloads", side, falsy);
            await cell.tell("unicode", side, unicode);
            await cell.tell("nested objects", side, nested);
            await cell.tell("2,000 messages in order", side, numbered(2_000));
            await cell.tellLong("1 MiB of Unicode", side, { bytes: MiB, ascii: false });
            const bytes = largeMessage(pair, side, channel);
            await cell.tellLong("a large message", side, { bytes, ascii: true });
          }
          cell.expectNoErrors();

          await cell.restartServer();
          await cell.hear("on reconnecting", "client", onConnect);
          await cell.tell("after the restart", "client", nested);
          await cell.tell("after the restart", "server", nested);
          await expectFarewell(cell, pair, expect);
        },
      );
    }
  });
}

/**
 * 8 MiB, and 1 MiB where more only costs time: every real version copies all it has with each chunk that it reads. Over
 * the network 9.2.1 and 14.0.0 stand for the others, which read as 9.2.1 does.
 */
function largeMessage({ server, client }: Pair, from: Side, { kind }: Channel): number {
  const [sender, receiver] = from === "server" ? [server, client] : [client, server];
  if (receiver === "ours") return 8 * MiB;
  if (sender !== "ours") return MiB;
  const isSpecial = receiver === "node-ipc@9.2.1" || receiver === "node-ipc@14.0.0";
  return kind === "unix" || isSpecial ? 8 * MiB : MiB;
}

/** The client says who it is and leaves: the server must know who left, and the client that it did. */
async function expectFarewell(cell: Cell, { server, client }: Pair, expect: ExpectStatic) {
  const id = takesIds(server) ? "alice" : undefined;
  // 14 takes all handlers off before it disconnects.
  const lastWords = client === "node-ipc@14.0.0" ? [] : ["disconnected", "destroyed"];
  // Before 14 the "close" event had Node's flag for an error where one expects the socket.
  const closePassesSocket = server === "node-ipc@14.0.0" || server === "ours";

  await cell.tell("who it is", "client", [["hello", { id: "alice" }]]);
  cell.server.send({ identify: true });
  expect.soft(await cell.server.next("identified"), "socket.id").toMatchObject({ id });

  const before = cell.client.pending.length;
  cell.client.send({ disconnect: true });
  const left = { id: id ?? false, known: true };
  expect.soft(await cell.server.next("left"), "socket.disconnected").toMatchObject(left);
  const closed = await cell.server.next("closed");
  expect.soft(closed, "close").toMatchObject({ known: closePassesSocket });

  cell.client.send({ ping: true });
  await cell.client.next("pong");
  const told = cell.client.pending.slice(before).map(({ type }) => type);
  expect.soft(told, "what disconnect() tells the client").toEqual(lastWords);
}
