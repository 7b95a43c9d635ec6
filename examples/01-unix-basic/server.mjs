import ipc from "@myelin/node-ipc";

ipc.config.id = "world";
ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.serve(() => console.log("listening"));

ipc.server.on("greet", (data, socket) => {
  console.log(`${data.name} says hello`);
  ipc.server.emit(socket, "greeting", `Hello, ${data.name}!`);
});

ipc.server.on("socket.disconnected", () => {
  console.log("the client has gone, so I stop");
  ipc.server.stop();
});

ipc.server.start();
