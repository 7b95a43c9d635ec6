// Says `count` things to the first client and ends in the same breath, in one of several ways.
import { ipc, options, report } from "../../../../test/support/load-node-ipc.cjs";

ipc.config.id = "world";
ipc.serve(() => report("started", { path: ipc.server.path }));
ipc.server.on("connect", (socket) => {
  for (let n = 0; n < options.count; n += 1) {
    if (options.how === "broadcast") ipc.server.broadcast("n", n);
    else ipc.server.emit(socket, "n", n);
  }
  if (options.how === "exit") process.exit();
  ipc.server.stop();
});
ipc.server.start();
