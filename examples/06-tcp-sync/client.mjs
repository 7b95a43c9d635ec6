import ipc from "@myelin/node-ipc";

ipc.config.silent = true;
ipc.config.sync = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);

ipc.connectToNet("account", () => {
  const { account } = ipc.of;

  for (const amount of [10, 20, 30]) account.emit("withdraw", amount);
  console.log("asked for 10, 20 and 30");

  account.on("balance", (balance) => {
    console.log(`balance: ${balance}`);
    if (balance === 40) ipc.disconnect("account");
  });
});
