// Both sides say things that are nobody's business, with the log on, as it is by default; reports the lines that give
// them away.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const secret = "hunter2";
const lines = [];
Object.assign(
  ipc.config,
  { id: "confidant", silent: false, maxRetries: 0, logger: (line) => lines.push(line) },
  options.config,
);
ipc.serve();
ipc.server.on("whisper", (_data, socket) => {
  ipc.server.broadcast("rumour", { password: secret });
  ipc.server.emit(socket, "answer", { password: secret });
});
await listening();
ipc.connectTo("confidant");
ipc.of.confidant.on("connect", () => ipc.of.confidant.emit("whisper", { password: secret }));
ipc.of.confidant.on("answer", () => {
  report("talked", { logs: lines.length > 0, leaks: lines.some((line) => line.includes(secret)) });
  process.exit();
});
