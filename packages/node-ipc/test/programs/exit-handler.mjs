// Emits in an exit handler that was added after connecting: nothing of ours runs after it.
import { ipc } from "../../../../test/support/load-node-ipc.cjs";

ipc.connectTo("world");
ipc.of.world.on("connect", () => {
  process.on("exit", () => {
    for (let n = 0; n < 10; n += 1) ipc.of.world.emit("n", n);
  });
  process.exit();
});
