const ipc = require("@myelin/node-ipc");

ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);

ipc.connectToNet("calculator", () => {
  const { calculator } = ipc.of;

  calculator.on("connect", () => {
    console.log("connected");
    calculator.emit("add", [1, 2, 3, 4]);
  });

  calculator.on("sum", (sum) => {
    console.log("the sum is", sum);
    ipc.disconnect("calculator");
  });
});
