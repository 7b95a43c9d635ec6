import ipc from "@myelin/node-ipc";

ipc.config.id = "bakery";
ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.serve(() => console.log("the bakery is open"));

ipc.server.on("order", (cake, socket) => {
  console.log(`${cake}: ordered`);
  setTimeout(() => {
    console.log(`${cake}: ready`);
    ipc.server.emit(socket, "ready", cake);
  }, 50);
});

ipc.server.on("socket.disconnected", () => ipc.server.stop());
ipc.server.start();
