/** A connection that the program has already, as a transport: for ways to connect that are its own. */
import { MyelinError } from "../errors.ts";
import { streamCapabilities } from "./capabilities.ts";
import { claimCarrier } from "./claim.ts";
import type { Connection } from "./transport.ts";
import { makeWay, type Way, type WaySource } from "./way.ts";

const address = Object.freeze({ scheme: "over" } as const);

/**
 * Leads over a connection that the program made itself, for example by `spawnPeer`: whoever dials
 * gets it, whoever listens is handed it.
 *
 * @param source the connection, not opened yet, or a function that makes one for each dial. Without
 * it the way is for listening, and `accept` brings each connection.
 */
export function over(source?: WaySource<Connection>): Way<Connection> {
  return makeWay(
    {
      address,
      // What the connection can do is not known before it comes.
      capabilities: streamCapabilities({ localOnly: false, credentials: false, feedback: false }),
      connect: (connection) => {
        checkConnection(connection);
        claimCarrier(connection, "this connection");
        return connection;
      },
    },
    source,
  );
}

function checkConnection(given: Partial<Connection> | undefined | null): void {
  // A socket has neither of the two, and what spawnPeer gives has a connection.
  if (typeof given?.open !== "function" || typeof given.send !== "function") {
    const message = "over(): takes a connection, such as `connection` of what spawnPeer() gives";
    throw new MyelinError("ERR_CONFIG", message, { address: "over:" });
  }
  if (given.kind === "stream") return;
  throw new MyelinError("ERR_CONFIG", "over() needs a stream, and this carries datagrams");
}
