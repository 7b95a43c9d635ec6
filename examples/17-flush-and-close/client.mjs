import ipc from "@myelin/node-ipc";

const RECORDS = 20_000;

ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.connectTo("archive", () => ipc.of.archive.on("connect", () => void sendAndLeave()));

async function sendAndLeave() {
  for (let number = 0; number < RECORDS; number++) {
    ipc.of.archive.emit("record", { number, text: "worth keeping" });
  }
  console.log(`emitted ${RECORDS} records`);

  await ipc.flush();
  console.log("all of them are on their way");

  await ipc.close();
  process.exit();
}
