import ipc from "@myelin/node-ipc";

ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

// One request at a time: the next one leaves when the one before it has been answered.
ipc.config.sync = true;

const cakes = ["apple pie", "brownie", "cheesecake"];

ipc.connectTo("bakery", () => {
  const { bakery } = ipc.of;

  for (const cake of cakes) bakery.emit("order", cake);
  console.log(`${cakes.length} orders written down`);

  bakery.on("ready", (cake) => {
    console.log(`got: ${cake}`);
    if (cake === cakes.at(-1)) ipc.disconnect("bakery");
  });
});
