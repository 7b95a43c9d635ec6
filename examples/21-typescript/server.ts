import type { Socket } from "node:net";
import ipc from "@myelin/node-ipc";
import type { Job, Result } from "./events.js";

ipc.config.id = "counter";
ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.serve(() => console.log("listening"));

ipc.server.on("job", (job: Job, socket: Socket) => {
  const result: Result = { number: job.number, words: job.text.split(" ").length };
  console.log(`job ${result.number}: ${result.words} words`);
  ipc.server.emit(socket, "result", result);
});

ipc.server.on("socket.disconnected", () => ipc.server.stop());
ipc.server.start();
