// In sync mode, sends all requests in one turn, the first ones before there is a connection.
import { ipc, options, report } from "../support/load-node-ipc.cjs";

const { id, requests } = options;
ipc.config.sync = true;
ipc.connectTo(id);
const client = ipc.of[id];
const answers = [];

for (let n = 1; n <= requests; n++) client.emit("request", n);
client.on("answer", (n) => {
  answers.push(n);
  if (n === requests) report("answers", { answers });
});
