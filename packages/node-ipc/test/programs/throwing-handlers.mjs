// Four messages in one chunk; the first handler of every odd one throws.
import net from "node:net";
import { ipc, options, report } from "../../../../test/support/load-node-ipc.cjs";

const order = [];
const uncaught = [];
if (!options.uncaught) process.on("uncaughtException", ({ message }) => uncaught.push(message));

const chunk = [1, 2, 3, 4].map((n) => `{"type":"n","data":${n}}\f`).join("");

function listenOn(emitter, end) {
  emitter.on("n", (n) => {
    order.push(`${n} first`);
    if (n % 2 === 1) throw new Error(`thrown by ${n}`);
  });
  emitter.on("n", (n) => {
    order.push(`${n} second`);
    if (n === 4) setImmediate(end);
  });
}

function done() {
  report("done", { order, uncaught });
  process.exit();
}

ipc.config.id = "world";
if (options.side === "server") {
  ipc.serve(() => net.connect(ipc.server.path).write(chunk));
  listenOn(ipc.server, done);
  ipc.server.start();
} else {
  const server = net.createServer((socket) => socket.write(chunk));
  server.listen(`${ipc.config.socketRoot}app.world`, () => {
    ipc.connectTo("world");
    listenOn(ipc.of.world, done);
  });
}
