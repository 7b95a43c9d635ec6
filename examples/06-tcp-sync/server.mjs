import ipc from "@myelin/node-ipc";

ipc.config.id = "account";
ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);

let balance = 100;

ipc.serveNet(() => console.log(`open, balance ${balance}`));

ipc.server.on("withdraw", (amount, socket) => {
  const before = balance;
  // Looking through the books takes a while. Two of these at once would both start from `before`.
  setTimeout(() => {
    balance = before - amount;
    console.log(`${before} - ${amount} = ${balance}`);
    ipc.server.emit(socket, "balance", balance);
  }, 50);
});

ipc.server.on("socket.disconnected", () => ipc.server.stop());
ipc.server.start();
