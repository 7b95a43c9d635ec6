// Raw mode, random bytes both ways between this server and a plain socket; reports whether they are the same bytes.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const bytes = randomBytes(options.bytes);

Object.assign(ipc.config, { id: "raw", rawBuffer: true }, options.config);
ipc.serve();
const chunks = [];
ipc.server.on("data", (chunk) => chunks.push(chunk));
await listening();
const accepted = new Promise((resolve) => ipc.server.on("connect", resolve));
const peer = connect(ipc.server.path);
await once(peer, "connect");
const socket = await accepted;

peer.write(bytes);
while (socket.bytesRead < bytes.length) await nextTurn();
await nextTurn();

const echoed = [];
ipc.server.emit(socket, bytes);
for await (const chunk of peer) {
  echoed.push(chunk);
  if (peer.bytesRead >= bytes.length) break;
}
report("arrived", {
  buffers: chunks.every((chunk) => Buffer.isBuffer(chunk)),
  toServer: bytes.equals(Buffer.concat(chunks)),
  toPeer: bytes.equals(Buffer.concat(echoed)),
});
process.exit();
