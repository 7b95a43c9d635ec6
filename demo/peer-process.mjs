// One process of the demo: loads an implementation of node-ipc, plays the server or a client, and
// tells the demo (over the channel of child_process.fork, never over what is being shown) how it went.
import { playBroadcastServer, playClient, playListener, playServer } from "./roles.mjs";

const parts = {
  server: playServer,
  client: playClient,
  "broadcast server": playBroadcastServer,
  listener: playListener,
};

const settings = JSON.parse(process.argv[2]);
const report = (event, details = {}) => process.send({ event, ...details });

/** The demo has gone, by Ctrl-C or worse: so do we. */
process.on("disconnect", () => process.exit());
process.on("uncaughtException", (error) => fail(error));

function fail(error) {
  report("failed", { code: error?.code, reason: error?.message ?? String(error) });
}

try {
  const { default: singleton } = await import(settings.specifier);
  const ipc = new singleton.IPC();
  Object.assign(ipc.config, { id: settings.name, silent: true, retry: 50, maxRetries: 10 });
  if (settings.tls !== undefined) ipc.config.tls = settings.tls;
  const part = parts[settings.part](ipc, settings, { report, fail });
  process.on("message", ({ ask }) =>
    ask === "begin" ? part.begin() : report("tally", part.tally()),
  );
  report("loaded");
} catch (error) {
  fail(error);
}
