import ipc from "@myelin/node-ipc";
import type { Job, Result } from "./events.js";

ipc.config.silent = true;
ipc.config.socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

const jobs: Job[] = [
  { number: 1, text: "one line is enough" },
  { number: 2, text: "types need no second package" },
];

ipc.connectTo("counter", () => {
  const counter = ipc.of.counter;

  counter.on("connect", () => {
    for (const job of jobs) counter.emit("job", job);
  });

  counter.on("result", (result: Result) => {
    console.log(`job ${result.number} has ${result.words} words`);
    if (result.number === jobs.length) ipc.disconnect("counter");
  });
});
