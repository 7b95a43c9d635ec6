// Knows nothing of myelin: node-ipc's API, node-ipc's wire.
import ipc from "@myelin/node-ipc";

ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.connectTo("world", () => {
  const world = ipc.of.world;
  world.on("greeting", (text) => console.log(text));
  world.on("news", (text) => {
    console.log(text);
    ipc.disconnect("world");
  });
  world.emit("greet", { name: "Ada" });
});
