import ipc from "@myelin/node-ipc";

ipc.config.id = "hello";
ipc.config.silent = true;
ipc.config.rawBuffer = true;

const world = { address: "127.0.0.1", port: Number(process.env.WORLD_PORT ?? 8000) };
const port = Number(process.env.HELLO_PORT ?? 8001);
const messages = ["text", [0xca, 0xfe], Buffer.from("✓")];

function sendNext() {
  if (messages.length === 0) return ipc.server.stop();
  ipc.server.emit(world, messages.shift());
}

ipc.serveNet(port, "udp4", () => {
  console.log("sending three datagrams");
  sendNext();
});

ipc.server.on("data", (bytes) => {
  console.log("back", bytes);
  sendNext();
});

ipc.server.start();
