// Reports the socket's path and the permissions that group and others have on it and on its folder.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

process.umask(0o077);
Object.assign(ipc.config, { id: "mode" }, options.config);
ipc.serve();
await listening();
const { path } = ipc.server;
const othersMay = (file) => (statSync(file).mode & 0o077).toString(8).padStart(2, "0");
report("listening", { path, file: othersMay(path), folder: othersMay(dirname(path)) });
process.exit();
