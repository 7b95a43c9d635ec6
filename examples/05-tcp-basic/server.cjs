const ipc = require("@myelin/node-ipc");

ipc.config.id = "calculator";
ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);

// Without a host this is 127.0.0.1: nobody outside this machine can call.
ipc.serveNet(() => console.log("listening on", ipc.config.networkHost));

ipc.server.on("add", (numbers, socket) => {
  const sum = numbers.reduce((total, number) => total + number, 0);
  console.log(`${numbers.join(" + ")} = ${sum}`);
  ipc.server.emit(socket, "sum", sum);
});

ipc.server.on("socket.disconnected", () => ipc.server.stop());
ipc.server.start();
