// Talks once with itself and ends everything in the way of `options.ending`, where this version has it. Nothing else
// ends the process.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const endings = {
  "disconnect and stop": () => {
    ipc.disconnect("self");
    ipc.server.stop();
  },
  "stop and disconnect": () => {
    ipc.server.stop();
    ipc.disconnect("self");
  },
  "ipc.close": () => ipc.close(),
  "client.close and server.close": () => Promise.all([ipc.of.self.close(), ipc.server.close()]),
  unref: () => {
    ipc.of.self.unref();
    ipc.server.unref();
  },
  "unref before anybody is connected": () => process.channel.unref(),
};

Object.assign(ipc.config, { id: "self", retry: 3_600_000 });
ipc.serve();
const early = options.ending === "unref before anybody is connected";
if (early) {
  // Until they have talked, the line to the test keeps this process.
  process.channel.ref();
  ipc.server.unref();
}
ipc.server.on("hello", (data, socket) => ipc.server.emit(socket, "hello"));
await listening();
ipc.connectTo("self");
if (early) ipc.of.self.unref();
ipc.of.self.on("connect", () => ipc.of.self.emit("hello"));
ipc.of.self.on("hello", async () => {
  await endings[options.ending]();
  report("ended");
});
