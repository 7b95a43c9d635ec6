// What the older types lack, and what is new.
import { Server as NetServer, Socket } from "net";
import { TLSSocket } from "tls";

import ipc = require("node-ipc");

export async function life(): Promise<void> {
  ipc.serve("/tmp/app.world");
  await ipc.server.listen();
  ipc.connectTo("world");
  const accepted: boolean = ipc.of.world.emit("message", { text: "hello" });
  if (!accepted) await ipc.of.world.flush();
  const written: boolean = ipc.server.broadcast("message", 1);
  ipc.of.world.unref().ref();
  ipc.server.unref().ref();
  await ipc.server.flush();
  await ipc.of.world.close({ timeoutMs: 500 });
  await ipc.server.close();
  await ipc.flush();
  await ipc.close({ timeoutMs: written ? 1000 : undefined });
}

// The port comes first, a path may be anything that counts as left out.
ipc.serveNet(8001, "udp4", () => {});
ipc.serveNet(8001, "udp6");
ipc.serveNet("::1", "UDP6", () => {});
ipc.serveNet("example.org", () => {});
ipc.serveNet(undefined, undefined, undefined, () => {});
ipc.serveNet(false, 8001, null, () => {});
ipc.serve(undefined, () => {});
ipc.serve(null, () => {});
ipc.serve(false, () => {});
ipc.connectTo("world", null, () => {});
ipc.connectTo("world", (instance) => instance.of.world.on("connect", () => {}));
ipc.connectToNet("world", null, 8001, (instance) => instance.config.id);

ipc.config.offline = "drop";
ipc.config.maxQueueBytes = 1024;
ipc.config.maxQueueMessages = 10;
ipc.config.legacyPayloads = true;
ipc.config.secureSocketRoot = true;
ipc.config.stopRetrying = 0;
ipc.config.maxRetries = Infinity;
ipc.config.parser = "guarded";
ipc.config.allowedEvents = ["a", "b"];
ipc.config.allowedEvents = new Set(["a"]);
ipc.config.allowedEvents = false;
ipc.config.tls = false;
ipc.config.tls = {
  key: "pem",
  cert: Buffer.alloc(1),
  ca: ["pem"],
  trustedConnections: ["client.pub"],
  requestCert: true,
  minVersion: "TLSv1.3",
  servername: "localhost",
  dhparam: "dh.pem",
};
ipc.config.interface = { localAddress: "127.0.0.1", family: 4, lookup: false };
ipc.config.interface.localPort = 4000;
const limits: number =
  ipc.config.maxMessageSize +
  ipc.config.maxPendingBytes +
  ipc.config.maxEventNameLength +
  ipc.config.messageTimeout;

const world = ipc.of.world;
world
  .once("a", () => {})
  .on("b", () => {}, true)
  .off("b")
  .reset();
world
  .subscribe("a", () => {})
  .unsubscribe("a")
  .unSubscribe("a", "*");
world.trigger("a", 1).publish("b", 2, 3);
world.on("*", (type: string, ...args: unknown[]) => [type, args]);
world.emit([10, 20, 30]);
world.emit(Buffer.alloc(3));
const plain: Socket = world.socket;
if (world.socket instanceof TLSSocket) world.socket.getPeerCertificate();
const handlers: number = world.list["a"].length + limits;
world.queue.clear();
export const another: ipc.Client = new world.Client();

const { server } = ipc;
server.on("connect", (socket: Socket) => server.idOf(socket).length);
for (const socket of server.sockets) {
  socket.id = `${socket.id ?? "nobody"} (${handlers})`;
  socket.destroy();
}
if (server.server) server.server.close(() => {});
if (server.server instanceof NetServer) server.server.maxConnections = 1;
server.broadcast([1, 2, 3]);
server.emit(plain, [1, 2, 3]);

world.on("error", (error: Error) => {
  if (error instanceof ipc.IPCProtocolError && error.code === "ERR_IPC_QUEUE_FULL")
    return error.count;
  return new ipc.IPCProtocolError("ERR_IPC_CLOSED", "gone", { cause: error }).code;
});
