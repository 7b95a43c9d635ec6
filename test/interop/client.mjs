// The client of a conversation, on any transport. Over UDP it is a server itself, on a port of its own.
import { ipc, options, report } from "../support/load-node-ipc.cjs";
import { join } from "./party.mjs";

const { id, host, port, udp, ownPort, config, early = [], onConnect = [] } = options;
Object.assign(ipc.config, { retry: 20 }, config);

function openClient() {
  if (port) ipc.connectToNet(id, host, port);
  else ipc.connectTo(id);
  const client = ipc.of[id];
  for (const message of early) client.emit(...message);
  client.on("connect", () => {
    for (const message of onConnect) client.emit(...message);
    report("connected");
  });
  client.on("disconnect", () => report("disconnected"));
  client.on("destroy", () => report("destroyed"));
  join(client, {
    emit: (...message) => client.emit(...message),
    command: ({ disconnect }) => {
      if (disconnect) ipc.disconnect(id);
    },
  });
}

function openDatagramPeer() {
  ipc.serveNet(host, ownPort, udp);
  ipc.server.on("connect", () => report("connected"));
  join(ipc.server, {
    emit: (...message) => ipc.server.emit({ address: host, port }, ...message),
    broadcast: (...message) => ipc.server.broadcast(...message),
  });
  ipc.server.start();
}

if (udp) openDatagramPeer();
else openClient();
