// Calls every method without its object, as destructuring does; reports those that fail.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const failing = [];

function call(name, method, ...args) {
  try {
    method(...args);
  } catch {
    failing.push(name);
  }
}

Object.assign(ipc.config, { id: "detached", maxRetries: 0 });
const { serve, serveNet, connectTo, connectToNet, disconnect, log } = ipc;
call("log", log, "hello");
call("serveNet", serveNet, options.port);
call("serve", serve);
if (!ipc.server) ipc.serve();
await listening();

const { on, once, off, emit, broadcast } = ipc.server;
const handler = () => {};
call("server.on", on, "word", handler);
call("server.once", once, "word", handler);
call("server.off", off, "word", handler);
call("server.broadcast", broadcast, "word");

call("connectToNet", connectToNet, "nobody", options.port);
call("connectTo", connectTo, "detached");
if (!ipc.of.detached) ipc.connectTo("detached");
const client = ipc.of.detached;
const [socket] = await new Promise((resolve) =>
  ipc.server.on("connect", (...args) => resolve(args)),
);
call("server.emit", emit, socket, "word");
call("client.on", client.on, "word", handler);
call("client.off", client.off, "word", handler);
call("client.emit", client.emit, "word");
call("disconnect", disconnect, "detached");
report("called", { failing });
process.exit();
