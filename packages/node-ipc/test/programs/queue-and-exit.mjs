// Emits to nobody, and has then nothing left to do.
import { ipc, options, report } from "../../../../test/support/load-node-ipc.cjs";

ipc.config.retry = 20;
if (options.how === "gives up") ipc.config.maxRetries = 2;
ipc.connectTo("nobody");
const client = ipc.of.nobody;
for (let n = 0; n < 100; n += 1) client.emit("n", n);
client.once("disconnect", () => {
  for (let n = 0; n < 100; n += 1) client.emit("n", n);
  report("queued");
  if (options.how === "disconnects") ipc.disconnect("nobody");
  if (options.how === "is not referenced") client.unref();
});
