// Starts and ends a server by its promises, where it has them; reports what came of each and of the old callbacks.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { ipc, report } from "../../support/load-node-ipc.cjs";

const missing = "no such method";
const events = [];
const goodbyes = [];

const taken = `${ipc.config.socketRoot}taken`;
await once(createServer().listen(taken), "listening");
ipc.serve(taken);
ipc.server.on("error", () => {});
const refused = (await ipc.server.listen?.().catch(({ code }) => code)) ?? missing;

Object.assign(ipc.config, { id: "promised", maxRetries: 0 });
ipc.serve(() => events.push("callback"));
const { server } = ipc;
server.on("start", () => events.push("start"));
server.on("socket.disconnected", () => goodbyes.push("socket.disconnected"));
server.on("close", () => goodbyes.push("close"));
const listen = (await server.listen?.().then(() => "listening")) ?? missing;

if (server.listen) {
  const accepted = new Promise((resolve) => server.on("connect", resolve));
  ipc.connectTo("promised");
  await accepted;
}
const close = (await server.close?.().then(() => "closed")) ?? missing;
report("ended", {
  refused,
  listen,
  events,
  close,
  left: { sockets: server.sockets.length, goodbyes, file: existsSync(server.path) },
});
process.exit();
