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

/** What a session takes for granted: what is missing would be missed only when it is needed. */
const typesOfParts: Readonly<Partial<Record<keyof Connection, string>>> = {
  ...{ open: "function", send: "function", pause: "function", resume: "function" },
  ...{ close: "function", abort: "function", ref: "function", unref: "function" },
  ...{ writable: "boolean", pendingBytes: "number", peer: "object" },
};

function checkConnection(given: Partial<Connection> | undefined | null): void {
  const missing = Object.entries(typesOfParts)
    .filter(([name, type]) => typeof given?.[name as keyof Connection] !== type)
    .map(([name]) => name);
  if (missing.length > 0) {
    const known = "a connection, such as `connection` of what spawnPeer() gives";
    const message = `over(): takes ${known}; this has no ${missing.join(", ")}`;
    throw new MyelinError("ERR_CONFIG", message, { address: "over:" });
  }
  if (given?.kind === "stream") return;
  throw new MyelinError("ERR_CONFIG", "over() needs a stream, and this carries datagrams");
}
