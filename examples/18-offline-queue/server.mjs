import ipc from "@myelin/node-ipc";

ipc.config.id = "kitchen";
ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.serve(() => console.log("open"));

ipc.server.on("order", (dish, socket) => {
  console.log(`cooking ${dish}`);
  ipc.server.emit(socket, "served", dish);
});

ipc.server.on("socket.disconnected", () => ipc.server.stop());
ipc.server.start();
