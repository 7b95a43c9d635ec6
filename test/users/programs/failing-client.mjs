// Tries once to connect, as the user `options.uid` where that is given, and reports the error.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";

if (options.uid) process.setuid(options.uid);
ipc.config.maxRetries = 0;
ipc.connectTo("server", options.path);
let error = {};
ipc.of.server.on("error", (told) => {
  error = told;
});
ipc.of.server.on("destroy", () => report("gave up", { code: error.code, text: error.message }));
