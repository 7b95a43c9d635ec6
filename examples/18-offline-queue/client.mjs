import ipc from "@myelin/node-ipc";

ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;
ipc.config.retry = 100;

// Room for three messages (by default for 10,000 of them, or 8 MiB).
ipc.config.maxQueueMessages = 3;

ipc.connectTo("kitchen", () => {
  const { kitchen } = ipc.of;

  kitchen.on("error", (error) => {
    if (error.code === "ERR_IPC_QUEUE_FULL") console.log("no room for one more order");
  });

  for (const dish of ["soup", "bread", "salad", "cake"]) {
    if (kitchen.emit("order", dish)) console.log(`${dish}: written down`);
  }

  kitchen.on("connect", () => console.log("the kitchen has opened"));
  kitchen.on("served", (dish) => {
    console.log(`${dish}: served`);
    if (dish === "salad") ipc.disconnect("kitchen");
  });
});
