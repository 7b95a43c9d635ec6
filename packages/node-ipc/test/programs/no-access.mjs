// Wants to serve in a folder where it may not write.
import { ipc, report } from "../../../../test/support/load-node-ipc.cjs";

if (process.getuid() === 0) process.setuid(65_534); // Nothing is forbidden to root.
ipc.serve();
ipc.server.on("error", ({ name, code, syscall, message }) => {
  report("error", { name, error: { code, syscall, message } });
});
ipc.server.start();
