// Counts what the server says until the connection ends.
import { ipc, report } from "../../support/load-node-ipc.cjs";

let received = 0;
ipc.config.maxRetries = 0;
ipc.connectTo("speaker");
ipc.of.speaker.on("word", () => {
  received++;
});
ipc.of.speaker.on("disconnect", () => report("server gone", { received }));
