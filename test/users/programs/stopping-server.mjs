// Stops when its first client has said hello, and answers whatever it says after that. Nothing else ends the process.
import { ipc, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

ipc.config.id = "stopping";
ipc.serve();
ipc.server.on("hello", () => {
  ipc.server.stop();
  report("stopped");
});
ipc.server.on("still there?", (data, socket) => ipc.server.emit(socket, "yes"));
await listening();
report("started");
