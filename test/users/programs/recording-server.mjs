// Remembers the data of every "word" and reports them all at a "fence".
import { ipc, options, report } from "../../support/load-node-ipc.cjs";

const heard = [];
Object.assign(ipc.config, { id: "recorder" }, options.config);
ipc.serve(() => report("started"));
ipc.server.on("word", (data) => heard.push(data));
ipc.server.on("fence", () => report("heard", { heard }));
ipc.server.start();
