import ipc from "@myelin/node-ipc";

ipc.config.id = "archive";
ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.serve(() => console.log("listening"));

let received = 0;
let inOrder = true;

ipc.server.on("record", ({ number }) => {
  inOrder &&= number === received;
  received++;
});

ipc.server.on("socket.disconnected", () => {
  console.log(`received ${received} records, ${inOrder ? "in order" : "out of order"}`);
  void ipc.close().then(() => console.log("closed"));
});

ipc.server.start();
