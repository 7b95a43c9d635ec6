// Answers each request in the next turn of its loop, and reports in which order requests came and answers left: a client
// that does not wait for an answer has sent its next request long before.
import { ipc, options, report } from "../support/load-node-ipc.cjs";

ipc.config.id = options.id;
ipc.serve(() => report("started"));
const log = [];

ipc.server.on("request", (n, socket) => {
  log.push(`request ${n}`);
  setImmediate(() => {
    log.push(`answer ${n}`);
    ipc.server.emit(socket, "answer", n);
    if (n === options.requests) report("log", { log });
  });
});
ipc.server.start();
