// A peer sends a frame that never ends, four times as long as this side allows; another one keeps to the rules. Reports
// what became of both.
import { options, report } from "../../support/load-node-ipc.cjs";
import { frame, openWireEnd } from "./wire-end.mjs";

const allowed = 2 ** 20;
const chunk = Buffer.alloc(2 ** 16, "x");

const end = await openWireEnd(options.side, { maxMessageSize: allowed });
const good = options.side === "server" ? await end.connect() : undefined;
const bad = await end.connect();
let taken = 0;
while (taken < 4 * allowed && (await bad.feed(chunk))) taken += chunk.length;
await good?.feed(frame("word", "still here"));

report("fed", {
  cut: bad.socket.destroyed,
  told: end.told.map(({ code }) => code),
  heard: end.heard,
});
process.exit();
