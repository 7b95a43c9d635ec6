import ipc from "@myelin/node-ipc";

const name = process.argv[2] ?? "Ada";

ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.connectTo("theatre", () => {
  const { theatre } = ipc.of;

  theatre.on("connect", () => theatre.emit("enter", name));
  theatre.on("seat", (number) => console.log(`${name} sits on seat ${number}`));
  theatre.on("line", (text) => console.log(`${name} hears: ${text}`));
  theatre.on("curtain", () => ipc.disconnect("theatre"));
});
