// Connects, says `count` things in its connect handler, and exits in the same breath.
import { ipc, options } from "../../../../test/support/load-node-ipc.cjs";

ipc.connectTo("world");
ipc.of.world.on("connect", () => {
  const data = options.bytes ? "x".repeat(options.bytes) : undefined;
  for (let n = 0; n < options.count; n += 1) ipc.of.world.emit("n", data ?? n);
  process.exit();
});
