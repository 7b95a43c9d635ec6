// Two clients come, one of them says who it is, both go; reports what the server knew of them and when.
import { ipc, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

Object.assign(ipc.config, { id: "reception", maxRetries: 0 });
ipc.serve();
const onConnect = [];
const onGoodbye = [];
ipc.server.on("connect", (socket) =>
  onConnect.push({ id: socket.id, own: ipc.server.idOf?.(socket) }),
);
ipc.server.on("socket.disconnected", (socket, id) => {
  onGoodbye.push(id);
  if (onGoodbye.length < 2) return;
  report("gone", {
    idsOnConnect: onConnect.map(({ id }) => id),
    ownIds: new Set(onConnect.map(({ own }) => own)).size,
    ownIdsAre: [...new Set(onConnect.map(({ own }) => typeof own))],
    goodbyes: onGoodbye,
  });
  process.exit();
});
ipc.server.on("introduce", (data, socket) => ipc.server.emit(socket, "welcome"));
await listening();

for (const [name, id] of [
  ["named", "ada"],
  ["nameless", undefined],
]) {
  ipc.connectTo(name, ipc.server.path);
  const client = ipc.of[name];
  await new Promise((resolve) => {
    client.on("connect", () => client.emit("introduce", { id }));
    client.on("welcome", resolve);
  });
  const gone = new Promise((resolve) => ipc.server.once("close", resolve));
  ipc.disconnect(name);
  if (name === "named") await gone;
}
