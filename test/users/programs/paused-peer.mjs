// Speaks to a peer that reads nothing, a mebibyte a turn; reports what piled up in this process and what the speaker
// was told. Needs --expose-gc: only what is still held counts.
import { setImmediate as nextTurn } from "node:timers/promises";
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { openWireEnd } from "./wire-end.mjs";

const mebibyte = 2 ** 20;
const word = "x".repeat(mebibyte);

const end = await openWireEnd(options.side, { maxPendingBytes: 8 * mebibyte });
const { peer, socket } = await end.connect();
peer.pause();

const before = held();
const returned = new Set();
let most = 0;
for (let turn = 0; turn < 64 && !socket.destroyed; turn++) {
  const flowing =
    options.side === "server" ? ipc.server.broadcast("word", word) : ipc.of.wire.emit("word", word);
  returned.add(flowing);
  await nextTurn();
  most = Math.max(most, held() - before);
}
await nextTurn();
report("spoke", {
  heldMebibytes: most / mebibyte,
  returned,
  told: end.told.map(({ code }) => code),
});
process.exit();

function held() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
