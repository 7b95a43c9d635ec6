/** What ties a proof to the one TLS connection that it is given on. */
import type { TLSSocket } from "node:tls";
import type { Connection, SocketConnection } from "./transport.ts";

/** The label of RFC 9266, section 2, and the length of its value. */
const label = "EXPORTER-Channel-Binding";
const bindingBytes = 32;

/** The same at both ends of a TLS connection and of no other; undefined where there is no TLS. */
export function channelBinding(connection: Connection): Uint8Array | undefined {
  const { socket } = connection as Partial<SocketConnection>;
  if (socket === undefined || !("exportKeyingMaterial" in socket)) return undefined;
  return (socket as TLSSocket).exportKeyingMaterial(bindingBytes, label, Buffer.alloc(0));
}
