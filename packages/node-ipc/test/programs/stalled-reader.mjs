// Broadcasts 400 MB to whoever is connected, a megabyte per turn, and says what that cost.
import { ipc, onCommand, report } from "../../../../test/support/load-node-ipc.cjs";

ipc.config.id = "world";
ipc.serve(() => report("started", { path: ipc.server.path }));
ipc.server.on("connect", () => report("accepted"));
const codes = [];
ipc.server.on("error", ({ code }) => codes.push(code));
ipc.server.start();

onCommand(async () => {
  const before = process.memoryUsage.rss();
  let highest = before;
  for (let n = 0; n < 400; n += 1) {
    ipc.server.broadcast("news", String.fromCharCode(97 + (n % 26)).repeat(1_000_000));
    await new Promise((resolve) => setImmediate(resolve));
    highest = Math.max(highest, process.memoryUsage.rss());
  }
  report("done", { grownBytes: highest - before, codes });
  process.exit();
});
