// Several workers of node:cluster that serve one socket.
import cluster from "node:cluster";
import { ipc, onCommand, options, report } from "../../../../test/support/load-node-ipc.cjs";

if (cluster.isPrimary) {
  for (let n = 0; n < options.workers; n += 1) cluster.fork();
  cluster.on("message", (worker, message) => {
    const { type, ...fields } = message;
    report(type, { ...fields, worker: worker.id });
  });
  cluster.on("exit", (worker) => report("gone", { worker: worker.id }));
  onCommand(({ kill, stop }) => {
    for (const worker of Object.values(cluster.workers)) {
      if (worker.id === kill) worker.process.kill("SIGKILL");
      if (stop) worker.disconnect();
    }
  });
} else {
  ipc.config.id = "world";
  ipc.config.unlink = false;
  ipc.serve(() => report("listening", { path: ipc.server.path }));
  ipc.server.on("n", (data) => report("heard", { data }));
  ipc.server.start();
  onCommand(() => {}); // The line to the primary is what keeps a worker alive.
}
