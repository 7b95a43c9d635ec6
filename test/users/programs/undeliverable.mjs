// Speaks to a server that never comes, and wants to be sure; reports how it learns that it cannot be.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";

Object.assign(ipc.config, { retry: 5 }, options.config);
ipc.connectTo("nobody");
ipc.of.nobody.emit("word");
const subject = options.of === "ipc" ? ipc : ipc.of.nobody;
let outcome;
try {
  await subject[options.wait]({ timeoutMs: 50 });
  outcome = "delivered";
} catch (error) {
  outcome = error.code;
}
report("ended", { outcome });
