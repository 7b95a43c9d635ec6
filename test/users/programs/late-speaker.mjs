// Speaks on after its connection has ended for good, in the way of `options.ending`; reports what became of it.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";

const told = [];
Object.assign(ipc.config, { id: "world", retry: 5, maxRetries: 0 });
ipc.serve(() => {
  ipc.connectTo("world");
  const client = ipc.of.world;
  client.on("error", ({ code, syscall }) => {
    if (!syscall) told.push(code);
  });
  client.on("connect", () => {
    if (options.ending === "disconnect") ipc.disconnect("world");
    else for (const socket of ipc.server.sockets) socket.destroy();
    client.socket.once("close", () => setImmediate(speakOn, client));
  });
});
ipc.server.start();

function speakOn(client) {
  let threw = null;
  try {
    for (const word of ["still", "there?"]) client.emit("word", word);
  } catch (error) {
    threw = error.name;
  }
  // What the socket has to say about it, it says by the next turn of the loop.
  setImmediate(() => {
    report("spoke", { threw, told });
    ipc.server.stop();
  });
}
