// Measures what it costs to receive the same bytes in one message and in `options.pieces`: processor time, because the
// machine's other work must not count.
import { once } from "node:events";
import { connect } from "node:net";
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const bytes = options.mebibytes * 2 ** 20;

ipc.config.id = "large";
ipc.serve();
await listening();
const peer = connect(ipc.server.path);
await once(peer, "connect");

async function receive(size) {
  const message = Buffer.concat([
    Buffer.from('{"type":"large","data":"'),
    Buffer.alloc(size, "x"),
    Buffer.from('"}\f'),
  ]);
  const before = process.cpuUsage();
  const received = new Promise((resolve) => ipc.server.once("large", resolve));
  peer.write(message);
  const text = await received;
  const { user, system } = process.cpuUsage(before);
  if (text.length !== size) throw new Error(`${text.length} of ${size} characters arrived`);
  return (user + system) / 1000;
}

await receive(bytes / options.pieces);
let inPieces = 0;
for (let piece = 0; piece < options.pieces; piece++)
  inPieces += await receive(bytes / options.pieces);
report("measured", { whole: await receive(bytes), inPieces });
process.exit();
