// Somebody else puts a server of theirs at this one's path before it stops; reports whether theirs is still there.
import { once } from "node:events";
import { existsSync, unlinkSync } from "node:fs";
import { createServer } from "node:net";
import { ipc, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

ipc.config.id = "first";
ipc.serve();
await listening();
const { path, server } = ipc.server;
unlinkSync(path);
const other = createServer().listen(path);
await once(other, "listening");

const closed = once(server, "close");
ipc.server.stop();
await closed;
report("stopped", { othersFile: existsSync(path) });
process.exit();
