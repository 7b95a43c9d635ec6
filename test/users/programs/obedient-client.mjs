// Says what the test tells it to, and reports how its connection fares.
import { ipc, onCommand, options, report } from "../../support/load-node-ipc.cjs";

Object.assign(ipc.config, { retry: 5 }, options.config);
ipc.connectTo("recorder");
const client = ipc.of.recorder;
client.on("connect", () => report("connected"));
client.on("disconnect", () => report("disconnected"));
client.on("error", (error) => report("error", { code: error.code }));

onCommand(({ say, data, disconnect }) => {
  try {
    if (say) client.emit(say, data);
    if (disconnect) ipc.disconnect("recorder");
    report("obeyed");
  } catch (error) {
    report("threw", { name: error.name });
  }
});
