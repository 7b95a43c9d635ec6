import ipc from "@myelin/node-ipc";

ipc.config.id = "mirror";
ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

// Bytes as they come, without JSON and without a mark between messages.
ipc.config.rawBuffer = true;
ipc.config.encoding = "hex";

ipc.serve(() => console.log("listening"));

ipc.server.on("data", (bytes, socket) => {
  console.log("got", bytes);
  // A string is read in `config.encoding`; a Buffer or an array of bytes is taken as it is.
  ipc.server.emit(socket, Buffer.from(bytes).reverse());
});

ipc.server.on("socket.disconnected", () => ipc.server.stop());
ipc.server.start();
