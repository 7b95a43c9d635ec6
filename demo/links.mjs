// How a process reaches the others: one small face for the socket clients and for UDP, where
// node-ipc's server is also its client.

/** Starts a server; `ready` once it can be called, `fail` when it cannot. */
export function listen(ipc, { transport, address }, { ready, fail }) {
  if (transport === "unix") ipc.serve(address.path);
  else if (transport === "udp") ipc.serveNet(address.host, address.port, "udp4");
  else ipc.serveNet(address.host, address.port);
  const { server } = ipc;
  server.on("error", fail);
  // Over UDP 9.2.1 says "start" before the port is bound and "connect" after it.
  server.on(transport === "udp" ? "connect" : "start", ready);
  server.start();
  return server;
}

/** Calls the server at `address`: what to say, what to hear, and `opened` once it is there. */
export function call(ipc, settings, { opened, fail }) {
  const { transport, address } = settings;
  if (transport === "udp") {
    const own = { transport, address: settings.ownAddress };
    const server = listen(ipc, own, { ready: opened, fail });
    const peer = { address: address.host, port: address.port };
    return {
      send: (type, data) => server.emit(peer, type, data),
      on: (type, handler) => server.on(type, handler),
    };
  }
  if (transport === "unix") ipc.connectTo("server", address.path);
  else ipc.connectToNet("server", address.host, address.port);
  const client = ipc.of.server;
  client.on("error", fail);
  client.on("connect", opened);
  return {
    send: (type, data) => client.emit(type, data),
    on: (type, handler) => client.on(type, handler),
  };
}
