// A port for a server that cannot be told to take any (node-ipc takes 0 for "not given").
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

// Below the range that the system hands out itself (from 32768 on Linux, from 49152 elsewhere), so
// that no outgoing connection takes the port between our look and its use.
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** A port of 127.0.0.1 that was free a moment ago, for TCP and UDP. */
export async function freePort() {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if ((await tcpIsFree(port)) && (await udpIsFree(port))) return port;
  }
  throw new Error(`No free port found between ${LOWEST} and ${HIGHEST}`);
}

function tcpIsFree(port) {
  const server = createServer();
  return settles(server, () => server.listen({ port, host: "127.0.0.1", exclusive: true }));
}

function udpIsFree(port) {
  const socket = createSocket("udp4");
  return settles(socket, () => socket.bind({ port, address: "127.0.0.1", exclusive: true }));
}

/** once() rejects when an error comes first. */
async function settles(listener, listen) {
  const listening = once(listener, "listening");
  listen();
  try {
    await listening;
  } catch {
    return false;
  }
  const closed = once(listener, "close");
  listener.close();
  await closed;
  return true;
}
