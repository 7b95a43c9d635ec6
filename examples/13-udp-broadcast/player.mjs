import ipc from "@myelin/node-ipc";

const name = process.argv[2] ?? "Ada";

ipc.config.id = name;
ipc.config.silent = true;

const hub = { address: "127.0.0.1", port: Number(process.env.HUB_PORT ?? 8000) };
const ports = {
  Ada: Number(process.env.ADA_PORT ?? 8001),
  Grace: Number(process.env.GRACE_PORT ?? 8002),
  Linus: Number(process.env.LINUS_PORT ?? 8003),
};

ipc.serveNet(ports[name], "udp4", () => ipc.server.emit(hub, "join", name));

ipc.server.on("joined", () => console.log(`${name} is in`));

ipc.server.on("begin", (names) => {
  console.log(`the game begins: ${names.join(", ")}`);
  ipc.server.emit(hub, "leave");
  ipc.server.stop();
});

ipc.server.start();
