import ipc from "@myelin/node-ipc";

const VISITORS = 4;

ipc.config.id = "gate";
ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

// For peers that are not trusted: names, sizes and waiting times are limited.
ipc.config.parser = "guarded";
ipc.config.maxMessageSize = 1_000;
ipc.config.maxEventNameLength = 20;

ipc.serve(() => console.log("listening"));

ipc.server.on("error", (error) => console.log(`sent away: ${error.code}`));

ipc.server.on("greet", (name, socket) => {
  console.log(`${name} is welcome`);
  ipc.server.emit(socket, "welcome", name);
});

let visitors = 0;
ipc.server.on("socket.disconnected", () => {
  if (++visitors === VISITORS) ipc.server.stop();
});

ipc.server.start();
