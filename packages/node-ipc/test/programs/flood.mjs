// Emits a great many small messages in one tick, and says what that cost.
import { ipc, options, report } from "../../../../test/support/load-node-ipc.cjs";

ipc.config.retry = 20;
ipc.connectTo("world");
ipc.of.world.on("connect", async () => {
  const before = process.memoryUsage.rss();
  for (let n = 0; n < options.count; n += 1) ipc.of.world.emit("n", n);
  const grownBytes = process.memoryUsage.rss() - before;
  await ipc.close();
  report("done", { grownBytes });
});
