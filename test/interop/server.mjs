// The server of a conversation, on any transport: speaks to the peer it heard or accepted last.
import { ipc, options, report } from "../support/load-node-ipc.cjs";
import { join } from "./party.mjs";

const { id, host, port, udp, config } = options;
Object.assign(ipc.config, config, { id });

const started = () => report("started");
// A UDP server of 9 to 12 says "start" before it is bound, and "connect" once it is, on every version.
if (udp) ipc.serveNet(host, port, udp);
else if (port) ipc.serveNet(host, port, started);
else ipc.serve(started);

const { server } = ipc;
const accepted = new Set();
let peer;

server.on("connect", (socket) => {
  if (udp) {
    started();
    return;
  }
  accepted.add(socket);
  peer = socket;
  report("joined");
});
server.on("socket.disconnected", (socket, id) =>
  report("left", { id, known: accepted.has(socket) }),
);
server.on("close", (socket) => report("closed", { known: accepted.has(socket) }));

join(server, {
  emit: (...message) => server.emit(peer, ...message),
  broadcast: (...message) => server.broadcast(...message),
  heard: (socket) => {
    peer = socket;
  },
  command: ({ identify }) => {
    if (identify) report("identified", { id: peer.id });
  },
});
server.start();
