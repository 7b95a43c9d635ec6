import ipc from "@myelin/node-ipc";

ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;
ipc.config.rawBuffer = true;
ipc.config.encoding = "hex";

ipc.connectTo("mirror", () => {
  const { mirror } = ipc.of;

  mirror.on("connect", () => {
    console.log("sending c0ffee");
    mirror.emit("c0ffee");
  });

  mirror.on("data", (bytes) => {
    console.log("got", bytes);
    ipc.disconnect("mirror");
  });
});
