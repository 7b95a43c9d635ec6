// A client and a server fail while nobody listens for errors; reports when the log has told of both.
import { once } from "node:events";
import { createServer } from "node:net";
import { ipc, report } from "../../support/load-node-ipc.cjs";

const codes = new Set(["ENOENT", "EADDRINUSE"]);

function logger(line) {
  for (const code of codes) if (line.includes(code)) codes.delete(code);
  if (codes.size > 0) return;
  report("logged");
  // Nothing is thrown later either: the process ends by itself.
  holder.close();
}

Object.assign(ipc.config, { id: "taken", silent: false, maxRetries: 0, logger });
const holder = createServer().listen(0, "127.0.0.1");
await once(holder, "listening");
ipc.serveNet("127.0.0.1", holder.address().port);
ipc.server.start();
ipc.connectTo("nobody", `${ipc.config.socketRoot}nobody`);
