import ipc from "@myelin/node-ipc";

ipc.config.id = "world";
ipc.config.silent = true;

const port = Number(process.env.WORLD_PORT ?? 8000);

ipc.serveNet(port, "udp4", () => console.log("listening"));

ipc.server.on("message", (text, sender) => {
  console.log(`somebody says: ${text}`);
  // `sender` is { address, port }: where to answer.
  ipc.server.emit(sender, "answer", "Hello to you!");
});

ipc.server.on("bye", () => {
  console.log("bye");
  ipc.server.stop();
});

ipc.server.start();
