// Reports the socket's path and the permission bits of it and of its folder.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

process.umask(0o077);
Object.assign(ipc.config, { id: "mode" }, options.config);
ipc.serve();
await listening();
const { path } = ipc.server;
const modeOf = (file) => (statSync(file).mode & 0o777).toString(8);
report("listening", { path, mode: modeOf(path), folder: modeOf(dirname(path)) });
process.exit();
