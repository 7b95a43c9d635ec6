// One process of the demo: loads an implementation of node-ipc, or the library itself, plays the server
// or a client, and
// tells the demo (over the channel of child_process.fork, never over what is being shown) how it went.
import { playMyelinClient, playMyelinServer } from "./myelin-roles.mjs";
import { playBroadcastServer, playClient, playListener, playServer } from "./roles.mjs";

const parts = {
  server: playServer,
  client: playClient,
  "broadcast server": playBroadcastServer,
  listener: playListener,
};

/** Those of the library itself. */
const ownParts = { "myelin server": playMyelinServer, "myelin client": playMyelinClient };

const settings = JSON.parse(process.argv[2]);
const report = (event, details = {}) => process.send({ event, ...details });

/** The demo has gone, by Ctrl-C or worse: so do we. */
process.on("disconnect", () => process.exit());
process.on("uncaughtException", (error) => fail(error));

function fail(error) {
  report("failed", { code: error?.code, reason: error?.message ?? String(error) });
}

try {
  const part = await partOf(settings);
  process.on("message", ({ ask }) =>
    ask === "begin" ? part.begin() : report("tally", part.tally()),
  );
  report("loaded");
} catch (error) {
  fail(error);
}

async function partOf({ part, specifier, name, tls }) {
  const talk = { report, fail };
  if (Object.hasOwn(ownParts, part)) return ownParts[part](settings, talk);
  const { default: singleton } = await import(specifier);
  const ipc = new singleton.IPC();
  Object.assign(ipc.config, { id: name, silent: true, retry: 50, maxRetries: 10 });
  if (tls !== undefined) ipc.config.tls = tls;
  return parts[part](ipc, settings, talk);
}
