// The primary of a cluster of `options.count` workers that serve one path, and the workers themselves. Each greets its
// clients with its number. On command a worker is killed or asked to leave.
import cluster from "node:cluster";
import { ipc, onCommand, options, report } from "../../support/load-node-ipc.cjs";

if (cluster.isPrimary) {
  const workers = Array.from({ length: options.count }, () => cluster.fork());
  let listening = 0;
  cluster.on("message", (worker, { type, text }) => {
    if (type === "failed") report("failed", { worker: worker.id, text });
    else if (++listening === workers.length) report("started");
  });
  cluster.on("exit", (worker, code, signal) =>
    report("worker gone", { worker: worker.id, code, signal }),
  );
  onCommand(({ kill, leave }) => {
    if (kill) cluster.workers[kill].process.kill("SIGKILL");
    if (leave) cluster.workers[leave].send({ leave });
  });
} else {
  Object.assign(ipc.config, { id: "shared", unlink: false });
  ipc.serve(() => report("started"));
  ipc.server.on("error", ({ message }) => report("failed", { text: message }));
  ipc.server.on("connect", (socket) => ipc.server.emit(socket, "name", `${cluster.worker.id}`));
  ipc.server.start();
  onCommand(() => {
    ipc.server.stop();
    process.exit();
  });
}
