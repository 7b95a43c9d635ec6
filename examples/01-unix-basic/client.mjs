import ipc from "@myelin/node-ipc";

ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.connectTo("world", () => {
  const world = ipc.of.world;

  world.on("connect", () => {
    console.log("connected");
    world.emit("greet", { name: "Ada" });
  });

  world.on("greeting", (text) => {
    console.log(`the world says: ${text}`);
    ipc.disconnect("world");
  });

  world.on("disconnect", () => console.log("disconnected"));
});
