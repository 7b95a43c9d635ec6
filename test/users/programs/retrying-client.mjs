// Tries to reach a server that is not there; reports how often it tried, and whether something of it is left when the
// program has disconnected it.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";

Object.assign(ipc.config, { retry: 1 }, options.config);
ipc.connectTo("nowhere");
const client = ipc.of.nowhere;
if (options.unref) client.unref();
let attempts = 0;
client.on("error", () => {
  attempts++;
});
client.once("disconnect", () => {
  if (!options.disconnect) return;
  ipc.disconnect("nowhere");
  setImmediate(() => {
    const left = process.getActiveResourcesInfo().filter((name) => name === "Timeout");
    report("disconnected", { left });
    if (left.length > 0) process.exit();
  });
});
client.on("destroy", () => {
  if (!options.disconnect) report("gave up", { attempts });
});
