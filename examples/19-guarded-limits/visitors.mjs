import { once } from "node:events";
import { connect } from "node:net";
import ipc, { IPC } from "@myelin/node-ipc";

const socketRoot = process.env.SOCKET_ROOT ?? ipc.config.socketRoot;

// A polite visitor stays while the rude ones come and go.
const polite = new IPC();
Object.assign(polite.config, { silent: true, socketRoot });
await new Promise((resolve) =>
  polite.connectTo("gate", () => polite.of.gate.on("connect", resolve)),
);

await visit("shouts for too long", `{"type":"greet","data":"${"a".repeat(5_000)}"}\f`);
await visit("pretends to be the gate", '{"type":"socket.disconnected","data":{}}\f');
await visit("speaks no JSON", "hello?\f");

polite.of.gate.on("welcome", (name) => {
  console.log(`${name} was let in`);
  polite.disconnect("gate");
});
polite.of.gate.emit("greet", "Ada");

/** Writes these bytes to the gate and waits until it hangs up. */
async function visit(manner, bytes) {
  const socket = connect(pathOf(`${socketRoot}app.gate`));
  socket.on("error", () => {});
  socket.write(bytes);
  await once(socket, "close");
  console.log(`somebody ${manner}: hung up`);
}

/** What node-ipc does with a path on Windows. */
function pathOf(path) {
  if (process.platform !== "win32") return path;
  return `\\\\.\\pipe\\${path.replace(/^\//, "").replaceAll("/", "-")}`;
}
