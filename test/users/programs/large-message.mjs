// Measures what it costs to receive one message of each of `options.mebibytes`: processor time, because the machine's
// other work must not count; the best of `options.rounds`, because the garbage collector's must not either.
import { once } from "node:events";
import { connect } from "node:net";
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const mebibyte = 2 ** 20;

ipc.config.id = "large";
ipc.serve();
await listening();
const peer = connect(ipc.server.path);
await once(peer, "connect");

async function receive(bytes) {
  const message = Buffer.concat([
    Buffer.from('{"type":"large","data":"'),
    Buffer.alloc(bytes, "x"),
    Buffer.from('"}\f'),
  ]);
  const before = process.cpuUsage();
  const received = new Promise((resolve) => ipc.server.once("large", resolve));
  peer.write(message);
  const text = await received;
  const { user, system } = process.cpuUsage(before);
  if (text.length !== bytes) throw new Error(`${text.length} of ${bytes} characters arrived`);
  return (user + system) / 1000;
}

await receive(mebibyte);
const costs = options.mebibytes.map(() => Number.POSITIVE_INFINITY);
for (let round = 0; round < options.rounds; round++) {
  for (const [index, size] of options.mebibytes.entries()) {
    costs[index] = Math.min(costs[index], await receive(size * mebibyte));
  }
}
report("measured", { costs });
process.exit();
