import ipc from "@myelin/node-ipc";

ipc.config.id = "world";
ipc.config.silent = true;
ipc.config.rawBuffer = true;

const port = Number(process.env.WORLD_PORT ?? 8000);

ipc.serveNet(port, "udp4", () => console.log("listening"));

let expected = 3;

// Over UDP every datagram is a message of its own, raw ones too.
ipc.server.on("data", (bytes, sender) => {
  console.log("got", bytes);
  ipc.server.emit(sender, bytes);
  if (--expected === 0) ipc.server.stop();
});

ipc.server.start();
