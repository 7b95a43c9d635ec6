// Four workers that serve one Unix socket, and the primary, which calls them.
import cluster from "node:cluster";
import { once } from "node:events";
import { rmSync } from "node:fs";
import ipc from "@myelin/node-ipc";

const WORKERS = 4;
const CALLS = 12;

function configure(instance) {
  instance.config.id = "pool";
  instance.config.silent = true;
  instance.config.socketRoot = process.env.SOCKET_ROOT ?? instance.config.socketRoot;
  // The workers share the socket file, so none of them may remove it.
  instance.config.unlink = false;
  return instance;
}

if (cluster.isPrimary) await primary();
else worker();

function worker() {
  const { serve } = configure(ipc);
  serve();
  ipc.server.on("who is there", (_, socket) => ipc.server.emit(socket, "me", cluster.worker.id));
  ipc.server.start();
}

async function primary() {
  const { socketRoot, appspace, id } = configure(ipc).config;
  // What an earlier run left behind is the primary's business when `unlink` is false.
  rmSync(`${socketRoot}${appspace}${id}`, { force: true });

  const workers = Array.from({ length: WORKERS }, () => cluster.fork());
  await Promise.all(workers.map((one) => once(one, "listening")));
  console.log(`${WORKERS} workers on one socket`);
  await callAll();

  const [first] = workers;
  first.process.kill();
  await once(first, "exit");
  console.log("one worker killed");
  await callAll();

  for (const one of workers.slice(1)) one.kill();
  rmSync(`${socketRoot}${appspace}${id}`, { force: true });
}

async function callAll() {
  const answers = await Promise.all(Array.from({ length: CALLS }, call));
  console.log(`${answers.length} calls, answered by ${new Set(answers).size} workers`);
}

/** One call over a connection of its own: the cluster gives each connection to another worker. */
function call() {
  return new Promise((resolve) => {
    const caller = configure(new ipc.IPC());
    caller.connectTo("pool", () => {
      caller.of.pool.emit("who is there");
      caller.of.pool.on("me", (worker) => {
        caller.disconnect("pool");
        resolve(worker);
      });
    });
  });
}
