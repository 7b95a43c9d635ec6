// Connects and talks while there is no server yet; the server, in this same process, starts when the first attempt has
// failed. Reports what the server heard and what the client was told.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";

const heard = [];
const told = [];

Object.assign(ipc.config, { id: "late", retry: 5 }, options.config);
ipc.serve();
ipc.server.on("word", (data) => heard.push(data));
ipc.server.on("fence", () => {
  report("heard", { heard, told });
  ipc.disconnect("late");
  ipc.server.stop();
});

ipc.connectTo("late");
const client = ipc.of.late;
client.on("connect", () => client.emit("fence"));
client.on("error", (error) => {
  if (error.syscall !== "connect") told.push({ code: error.code, text: error.message });
  else if (!ipc.server.server) ipc.server.start();
});
for (let n = 1; n <= options.count; n++) client.emit("word", options.text ?? n);
