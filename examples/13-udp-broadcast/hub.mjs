import ipc from "@myelin/node-ipc";

const PLAYERS = 3;

ipc.config.id = "hub";
ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.HUB_PORT ?? 8000);

ipc.serveNet("udp4", () => console.log(`waiting for ${PLAYERS} players`));

const players = new Map();

ipc.server.on("join", (name, sender) => {
  players.set(`${sender.address}:${sender.port}`, name);
  console.log(`${name} has joined`);
  ipc.server.emit(sender, "joined", name);
  // A broadcast goes to everybody the hub has heard from.
  if (players.size === PLAYERS) ipc.server.broadcast("begin", [...players.values()]);
});

ipc.server.on("leave", (_, sender) => {
  players.delete(`${sender.address}:${sender.port}`);
  if (players.size > 0) return;
  console.log("all have left");
  ipc.server.stop();
});

ipc.server.start();
