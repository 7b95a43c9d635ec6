// Ports for servers that cannot be told to choose one (node-ipc takes port 0 for "not given").
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

export type PortKind = "tcp" | "udp4" | "udp6";

/** A port that was free on the loopback address a moment ago. */
export async function freePort(kind: PortKind = "tcp"): Promise<number> {
  if (kind === "tcp") {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    server.close();
    await once(server, "close");
    if (!address || typeof address === "string") throw new Error("a TCP server without a port");
    return address.port;
  }
  const socket = createSocket(kind).bind(0, kind === "udp4" ? "127.0.0.1" : "::1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}

/**
 * Calls `use` with a free port, again with another one when somebody else was faster: when it rejects with an
 * error whose `code` is EADDRINUSE.
 */
export async function withFreePort<T>(
  kind: PortKind,
  use: (port: number) => Promise<T>,
  attempts = 5,
): Promise<T> {
  try {
    return await use(await freePort(kind));
  } catch (error) {
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    if (!taken || attempts <= 1) throw error;
    return withFreePort(kind, use, attempts - 1);
  }
}
