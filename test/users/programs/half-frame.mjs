// Feeds one complete frame and half of another in one piece; reports what was dispatched by then.
import { options, report } from "../../support/load-node-ipc.cjs";
import { frame, openWireEnd } from "./wire-end.mjs";

const end = await openWireEnd(options.side);
const { feed } = await end.connect();
await feed(frame("word", "whole") + frame("word", "half").slice(0, 10));
report("fed", { heard: end.heard });
end.close();
process.exit();
