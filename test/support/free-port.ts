// Ports for servers that cannot be told to choose one (node-ipc takes port 0 for "not given").
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

export type PortKind = "tcp" | "udp4" | "udp6";

// Below every system's ephemeral range: the system gives these to no outgoing connection and to no `listen(0)`, so a
// port stays free between two servers on it, too.
const lowest = 15_000;
const highest = 32_000;
const handedOut = new Set<number>();

/** A port that is free on the loopback address; no two calls in this process get the same. */
export async function freePort(kind: PortKind = "tcp"): Promise<number> {
  const port = lowest + Math.floor(Math.random() * (highest - lowest));
  if (handedOut.has(port) || !(await canBind(kind, port))) return freePort(kind);
  handedOut.add(port);
  return port;
}

async function canBind(kind: PortKind, port: number): Promise<boolean> {
  const socket =
    kind === "tcp"
      ? createServer().listen(port, "127.0.0.1")
      : createSocket(kind).bind(port, kind === "udp4" ? "127.0.0.1" : "::1");
  try {
    await once(socket, "listening");
  } catch (error) {
    if (isAddressInUse(error)) return false;
    throw error;
  }
  socket.close();
  await once(socket, "close");
  return true;
}

/** Calls `use` with a free port, again with another one when it rejects because somebody else was faster (EADDRINUSE). */
export async function withFreePort<T>(
  kind: PortKind,
  use: (port: number) => Promise<T>,
  attempts = 5,
): Promise<T> {
  try {
    return await use(await freePort(kind));
  } catch (error) {
    if (!isAddressInUse(error) || attempts <= 1) throw error;
    return withFreePort(kind, use, attempts - 1);
  }
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
