import ipc from "@myelin/node-ipc";

const SEATS = 3;

ipc.config.id = "theatre";
ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.serve(() => console.log(`the doors are open, waiting for ${SEATS} guests`));

const guests = new Set();

ipc.server.on("enter", (name, socket) => {
  guests.add(socket);
  console.log(`${name} has taken seat ${guests.size}`);
  ipc.server.emit(socket, "seat", guests.size);
  if (guests.size < SEATS) return;

  console.log("the curtain rises");
  ipc.server.broadcast("line", "To be, or not to be,");
  ipc.server.broadcast("line", "that is the question.");
  ipc.server.broadcast("curtain");
});

ipc.server.on("socket.disconnected", (socket) => {
  guests.delete(socket);
  if (guests.size > 0) return;
  console.log("all guests have gone home");
  ipc.server.stop();
});

ipc.server.start();
