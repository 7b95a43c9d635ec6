// Three servers and three clients in one process, each with a configuration of its own.
import ipc, { IPC } from "@myelin/node-ipc";

function instance(changes) {
  const one = new IPC();
  Object.assign(one.config, {
    silent: true,
    id: "desk",
    socketRoot: process.env.SOCKET_ROOT ?? one.config.socketRoot,
    ...changes,
  });
  return one;
}

const settings = {
  left: { appspace: "left." },
  // Another mark between messages, another folder of names.
  middle: { appspace: "middle.", delimiter: "\n" },
  // No messages at all, just bytes.
  right: { appspace: "right.", rawBuffer: true },
};

for (const [side, changes] of Object.entries(settings)) {
  const answer = await ask(changes);
  console.log(`${side}: ${answer}`);
}
console.log(`the shared instance was left alone: ${Object.keys(ipc.of).length} connections`);

/** Starts a server, asks it something with a client, and closes both. */
function ask(changes) {
  const server = instance(changes);
  const client = instance(changes);
  const raw = changes.rawBuffer === true;

  server.serve(() => {
    client.connectTo("desk", () => {
      client.of.desk.on("connect", () => {
        if (raw) client.of.desk.emit("ping");
        else client.of.desk.emit("question", "ping");
      });
    });
  });
  server.server.on("question", (text, socket) => {
    server.server.emit(socket, "answer", `${text} on ${JSON.stringify(server.config.delimiter)}`);
  });
  server.server.on("data", (bytes, socket) => server.server.emit(socket, `${bytes} as bytes`));
  server.server.start();

  return new Promise((resolve) => {
    server.server.on("connect", () => {
      client.of.desk.on(raw ? "data" : "answer", (answer) => {
        client.disconnect("desk");
        server.server.stop();
        resolve(String(answer));
      });
    });
  });
}
