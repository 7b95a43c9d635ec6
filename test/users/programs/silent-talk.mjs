// Talks with `silent` on; reports whether the logger was called, and how often the data was looked at: once each way,
// to make JSON of it.
import { inspect } from "node:util";
import { ipc, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const looks = { toJSON: 0, inspect: 0, toString: 0 };
const data = {
  toJSON: () => ++looks.toJSON,
  toString: () => String(++looks.toString),
  [inspect.custom]: () => String(++looks.inspect),
};
let lines = 0;
Object.assign(ipc.config, { id: "quiet", silent: true, maxRetries: 0, logger: () => lines++ });
ipc.serve();
ipc.server.on("word", (_data, socket) => ipc.server.emit(socket, "answer", data));
await listening();
ipc.connectTo("quiet");
ipc.of.quiet.on("connect", () => ipc.of.quiet.emit("word", data));
ipc.of.quiet.on("answer", () => {
  report("talked", { lines, looks });
  process.exit();
});
