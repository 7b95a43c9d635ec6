// Does one of several things after which nothing, or something, keeps it alive.
import { ipc, options, report } from "../../../../test/support/load-node-ipc.cjs";

const { how } = options;
ipc.config.id = "mine";

function connect(then) {
  ipc.connectTo("world");
  const client = ipc.of.world;
  if (how === "client.unref() before connect") client.unref();
  client.on("connect", () => then(client));
}

function serve(then) {
  ipc.serve(() => then(ipc.server));
  if (how === "server.unref() before start") ipc.server.unref();
  ipc.server.start();
}

/** Shows that the process lives, by timers that do not keep it alive themselves. */
function breathe(client) {
  setInterval(() => client.emit("alive"), 20).unref();
}

if (how.startsWith("await")) {
  connect(async (client) => {
    for (let n = 0; n < 5_000; n += 1) client.emit("n", `${n}`.padEnd(1_000));
    if (how.includes("flush")) await ipc.flush();
    else if (how.includes("client")) await client.close();
    else await ipc.close();
    process.exit();
  });
} else if (how.startsWith("client.")) {
  connect((client) => {
    if (how !== "client.unref() before connect") client.unref();
    if (how === "client.ref()") {
      client.ref();
      breathe(client);
    }
    report("ready");
  });
} else if (how.startsWith("server.")) {
  serve((server) => {
    if (how !== "server.unref() before start") server.unref();
    if (how === "server.ref()") {
      server.ref();
      connect((client) => {
        client.unref();
        breathe(client);
        report("ready");
      });
      return;
    }
    report("ready");
  });
} else {
  serve((server) => {
    connect(async () => {
      report("ready");
      if (how.startsWith("ipc.close()")) {
        await ipc.close();
      } else {
        ipc.disconnect("world");
        server.stop();
      }
    });
  });
}
