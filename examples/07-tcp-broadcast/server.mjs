import ipc from "@myelin/node-ipc";

const READERS = 3;

ipc.config.id = "newsroom";
ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);

ipc.serveNet(() => console.log("the newsroom is open"));

const readers = new Map();

ipc.server.on("subscribe", (name, socket) => {
  readers.set(socket, name);
  console.log(`${name} has subscribed`);
  ipc.server.emit(socket, "welcome", name);
  if (readers.size < READERS) return;

  ipc.server.broadcast("news", { headline: "Messages arrive in order", page: 1 });
  ipc.server.broadcast("news", { headline: "Nobody lost one", page: 2 });
  // One of them gets the crossword as well.
  ipc.server.emit(socket, "crossword", "A sheath of nerves, six letters");
  ipc.server.broadcast("closing");
});

ipc.server.on("socket.disconnected", (socket) => {
  readers.delete(socket);
  if (readers.size === 0) ipc.server.stop();
});

ipc.server.start();
