import ipc from "@myelin/node-ipc";

ipc.config.id = "hello";
ipc.config.silent = true;

const world = { address: "127.0.0.1", port: Number(process.env.WORLD_PORT ?? 8000) };
const port = Number(process.env.HELLO_PORT ?? 8001);

// Over UDP there are no clients: who wants an answer listens on a port of their own.
ipc.serveNet(port, "udp4", () => {
  console.log("sending");
  ipc.server.emit(world, "message", "Is anybody there?");
});

ipc.server.on("answer", (text) => {
  console.log(`the world answers: ${text}`);
  ipc.server.emit(world, "bye");
  ipc.server.stop();
});

ipc.server.start();
