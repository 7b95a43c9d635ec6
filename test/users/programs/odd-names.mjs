// Uses names that every object has as names of events; reports those that arrive as any other name does.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

ipc.config.id = "odd";
ipc.serve();
const usable = new Set();
for (const name of options.names) {
  try {
    ipc.server.on(name, (data) => usable.add(data));
  } catch {
    // Then it is not usable.
  }
}
await listening();
ipc.server.on("fence", () => {
  report("heard", { usable });
  process.exit();
});
ipc.connectTo("odd");
ipc.of.odd.on("connect", () => {
  for (const name of options.names) ipc.of.odd.emit(name, name);
  ipc.of.odd.emit("fence");
});
