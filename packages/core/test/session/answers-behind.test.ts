// With an answer the peer knows that the frame of its call has arrived: all of that was handed on by then,
// or events that stood behind the call would be lost without a word when this process is killed.
import { expect, test } from "vitest";
import { blockedWire } from "../findings/blocked-wire.ts";
import { Side } from "./session-pair.ts";

test("an answer leaves behind the last listener of the frame that its call was in", async () => {
  const up = blockedWire(0);
  const client = new Side(up, "client", {});
  client.session.event("event", "first");
  const answers = ["one", "two"].map((data) => client.call("echo", data));
  for (const answer of answers) answer.catch(() => {});
  client.session.event("event", "behind them");
  await new Promise((resolve) => setImmediate(resolve));
  // The first of a tick leaves at once, the others together.
  expect(up.sent).toHaveLength(2);

  const down = blockedWire(0);
  const server = new Side(down, "server", {});
  const heard: unknown[] = [];
  const heardBy: unknown[][] = [];
  const { send } = down;
  down.send = (data) => {
    heardBy.push([...heard]);
    return send(data);
  };
  server.handlers.on("event", (data) => void heard.push(data));
  server.handlers.handle("echo", { type: undefined, run: (data) => data });
  server.session.release();
  for (const bytes of up.sent) server.session.receive(bytes, down);
  expect(down.sent.length).toBeGreaterThan(0);
  for (const each of heardBy) expect(each).toEqual(["first", "behind them"]);
  client.session.abort();
  server.session.abort();
});
