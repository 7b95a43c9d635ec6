// Says `options.count` words as soon as it is connected, takes leave in the way of `options.leave` where this version
// has it, and is gone by `options.end`.
import { ipc, options } from "../../support/load-node-ipc.cjs";

const word = "x".repeat(options.bytes ?? 1);

const leave = {
  "ipc.flush": () => ipc.flush?.(),
  "ipc.close": () => ipc.close?.(),
  "client.flush": () => ipc.of.counter.flush?.(),
  "client.close": () => ipc.of.counter.close?.(),
};

const end = {
  exit: () => process.exit(),
  disconnect: () => ipc.disconnect("counter"),
  destroy: () => {
    ipc.config.stopRetrying = true;
    ipc.of.counter.socket.destroy();
  },
};

ipc.connectTo("counter");
ipc.of.counter.on("connect", async () => {
  const client = ipc.of.counter;
  for (let n = 0; n < options.count; n++) client.emit("word", word);
  if (options.leave) await leave[options.leave]();
  end[options.end]();
});
