// Two servers with different delimiters in one process, each spoken to in its own; reports what each heard by the time
// that it had read everything.
import { once } from "node:events";
import { connect } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const instances = options.delimiters.map((delimiter, index) => {
  const instance = new ipc.IPC();
  Object.assign(instance.config, { id: `server-${index}`, delimiter, silent: true });
  instance.config.socketRoot = ipc.config.socketRoot;
  instance.serve();
  return instance;
});

const heard = [];
for (const instance of instances) {
  const { server, config } = instance;
  const words = [];
  heard.push(words);
  server.on("word", (data) => words.push(data));
  await listening(instance);
  const accepted = new Promise((resolve) => server.on("connect", resolve));
  const peer = connect(server.path);
  await once(peer, "connect");
  const socket = await accepted;
  const message = `${JSON.stringify({ type: "word", data: config.id })}${config.delimiter}`;
  peer.write(message);
  while (socket.bytesRead < message.length) await nextTurn();
  await nextTurn();
}
report("heard", { heard });
process.exit();
