// Says goodbye and stops its server in an exit handler, where only what is synchronous still happens.
import { ipc, onCommand, report } from "../../../../test/support/load-node-ipc.cjs";

ipc.config.id = "world";
ipc.serve(() => report("started", { path: ipc.server.path }));
ipc.server.on("connect", () => report("accepted"));
ipc.server.start();
process.on("exit", () => {
  ipc.server.broadcast("bye");
  ipc.server.stop();
});
onCommand(({ exit }) => process.exit(exit));
