// Every implementation of node-ipc's API, used in the way its README shows.
import { eventName } from "../event.mjs";

function configured(IPC, tls) {
  const ipc = new IPC();
  // maxConnections: the default of 100 is no limit of what is measured.
  Object.assign(ipc.config, { id: "bench", silent: true, maxConnections: 100_000 });
  // A copy, because node-ipc 9 writes into it.
  if (tls !== undefined) ipc.config.tls = { ...tls };
  return ipc;
}

/** @param IPC the class of which an instance is made */
export function nodeIpcPeer(IPC) {
  let ipc;
  let connections = 0;

  return {
    serve(target, { onPeer, onMessage, onError }) {
      ipc = configured(IPC, target.tls?.server);
      return new Promise((resolve) => {
        const started = () =>
          resolve({
            send: (peer, data) => server.emit(peer, eventName, data),
            broadcast: (data) => server.broadcast(eventName, data),
          });
        if (target.path === undefined) ipc.serveNet(target.host, target.port, started);
        else ipc.serve(target.path, started);
        const { server } = ipc;
        server.on("error", onError);
        server.on("connect", onPeer);
        server.on(eventName, onMessage);
        server.start();
      });
    },

    connect(target, { onMessage, onError }) {
      ipc ??= configured(IPC, target.tls?.client);
      const id = `server${++connections}`;
      return new Promise((resolve) => {
        if (target.path === undefined) ipc.connectToNet(id, target.host, target.port);
        else ipc.connectTo(id, target.path);
        const channel = ipc.of[id];
        channel.on("connect", () => resolve({ send: (data) => channel.emit(eventName, data) }));
        channel.on(eventName, onMessage);
        channel.on("error", onError);
        channel.on("disconnect", () => onError(new Error("the client was disconnected")));
      });
    },
  };
}
