// Reports who may connect to the socket file: the permission bits of group and others.
import { statSync } from "node:fs";
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

process.umask(0o077);
Object.assign(ipc.config, { id: "mode" }, options.config);
ipc.serve();
await listening();
report("listening", { mode: (statSync(ipc.server.path).mode & 0o777).toString(8) });
process.exit();
