// Sends a datagram that no datagram can hold, then one that fits; reports what the sender is told and what arrives.
import { setImmediate as nextTurn } from "node:timers/promises";
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const [sender, receiver] = [new ipc.IPC(), new ipc.IPC()];
for (const [index, instance] of [sender, receiver].entries()) {
  Object.assign(instance.config, { id: `peer-${index}`, silent: true });
  instance.serveNet(options.host, options.ports[index], options.family);
}
const told = [];
sender.server.on("error", (error) => {
  told.push({ isError: error instanceof Error, code: error.code });
});
const heard = new Promise((resolve) => receiver.server.on("word", (data) => resolve(data.length)));
for (const { server } of [receiver, sender]) {
  // 9 and 12 say "start" before they are bound.
  const bound = new Promise((resolve) => server.on("connect", resolve));
  await listening({ server });
  await bound;
}

const to = { address: options.host, port: options.ports[1] };
for (const size of [100_000, 100]) sender.server.emit(to, "word", "x".repeat(size));
const arrived = await heard;
// The socket sends in order: the failure of the first is known by now, or will be within the turn.
await nextTurn();
report("heard", { told, heard: arrived });
process.exit();
