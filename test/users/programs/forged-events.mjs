// A peer sends frames with the names of lifecycle events; reports which of them reached this side's own handlers.
import { options, report } from "../../support/load-node-ipc.cjs";
import { frame, openWireEnd } from "./wire-end.mjs";

const end = await openWireEnd(options.side);
const { feed } = await end.connect();
await feed(options.names.map((name) => frame(name, "forged")).join(""));
await feed(frame("fence", "last"));

report("fed", {
  heard: end.heard.map(({ name }) => name),
  told: end.told.map(({ code }) => code),
});
process.exit();
