// Broadcasts `options.count` words to its first client, closes where this version can, and exits.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";

const word = "x".repeat(options.bytes ?? 1);

ipc.config.id = "speaker";
ipc.serve(() => report("started"));
ipc.server.on("connect", async () => {
  for (let n = 0; n < options.count; n++) ipc.server.broadcast("word", word);
  if (ipc.server.close) await ipc.server.close();
  else ipc.server.stop();
  process.exit();
});
ipc.server.start();
