// A server lives `options.lives` times while one client stays; reports what the client met and what it left behind.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const warnings = [];
process.on("warning", ({ name }) => warnings.push(name));

const host = new ipc.IPC();
Object.assign(host.config, { id: "phoenix", silent: true, socketRoot: ipc.config.socketRoot });
Object.assign(ipc.config, { retry: 1 });

let ticks = 0;
let connects = 0;
let listeners;
let connected;
for (let life = 0; life <= options.lives; life++) {
  host.serve();
  host.server.on("connect", (socket) => host.server.emit(socket, "tick"));
  await listening(host);
  const ticked = new Promise((resolve) => {
    connected = resolve;
  });
  if (life === 0) {
    ipc.connectTo("phoenix");
    ipc.of.phoenix.on("tick", () => {
      ticks++;
      connected();
    });
    ipc.of.phoenix.on("connect", () => connects++);
  }
  await ticked;
  listeners ??= countListeners();
  if (life === options.lives) break;
  const closed = new Promise((resolve) => host.server.server.once("close", resolve));
  for (const socket of host.server.sockets) socket.destroy();
  host.server.stop();
  await closed;
}
report("lived", { ticks, connects, addedListeners: countListeners() - listeners, warnings });
process.exit();

/** Of the process and of the client, whose handlers are not counted by every version: its real socket's are. */
function countListeners() {
  let count = 0;
  for (const emitter of [process, ipc.of.phoenix.socket]) {
    for (const name of emitter.eventNames()) count += emitter.listenerCount(name);
  }
  return count;
}
