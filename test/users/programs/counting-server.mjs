// Counts what each client says and reports the number when that client is gone. One client at a time.
import { ipc, report } from "../../support/load-node-ipc.cjs";

let received = 0;
ipc.config.id = "counter";
ipc.serve(() => report("started"));
ipc.server.on("word", () => {
  received++;
});
ipc.server.on("close", () => {
  report("client gone", { received });
  received = 0;
});
ipc.server.start();
