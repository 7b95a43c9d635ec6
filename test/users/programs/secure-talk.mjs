// A TLS server and a client in one process; reports the events of both until the client has its answer or has given up.
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const server = new ipc.IPC();
const log = [];
const logger = (line) => log.push(line);
Object.assign(server.config, { id: "secure", silent: false, logger, tls: options.server });
Object.assign(ipc.config, { maxRetries: 0, tls: options.client });

const events = [];
server.serveNet("127.0.0.1", options.port);
server.server.on("hello", (_data, socket) => {
  events.push("server heard hello");
  server.server.emit(socket, "welcome", { authorized: socket.authorized });
});
try {
  await listening(server);
} catch ({ code, message }) {
  end({ refused: code, text: message });
}

ipc.connectToNet("secure", "127.0.0.1", options.port);
const client = ipc.of.secure;
client.on("connect", () => {
  events.push("client connected");
  client.emit("hello");
});
client.on("error", ({ code }) => events.push(code));
client.on("welcome", (data) => {
  events.push("client was welcomed");
  end({ events, data });
});
client.on("destroy", () => end({ events }));

function end(outcome) {
  const reasons = log.filter((line) => /handshake|PEER_DID_NOT|UNABLE_TO|SELF_SIGNED/i.test(line));
  report("ended", { ...outcome, logsReason: reasons.length > 0 });
  process.exit();
}
