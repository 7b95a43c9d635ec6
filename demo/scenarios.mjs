// What the demo plays: over every transport, ours with the real ones in both directions, and the library.
import { peers } from "./peers.mjs";

const { ours, nine, fourteen, myelin } = peers;

export const transports = ["unix", "tcp", "tls", "udp"];

/** [client, server]: who calls whom. Over UDP, where all are equal, the first one begins. */
const pairs = [
  [ours, nine],
  [nine, ours],
  [ours, fourteen],
  [fourteen, ours],
  [ours, ours],
];

/**
 * One row of the table: `clients` speak with `server` over `transport`. With several clients the
 * server broadcasts to all of them. `skip` says why a row cannot be played on this machine.
 */
export function scenarios(wanted, { certificates }) {
  return wanted.flatMap((transport) => {
    const rows = pairs.map(([client, server]) => ({ transport, server, clients: [client] }));
    // Sessions need a stream. The library speaks a wire of its own, so it speaks with itself.
    if (transport !== "udp") rows.push({ transport, server: myelin, clients: [myelin] });
    if (transport === "unix") {
      const clients = [nine, fourteen, ours].filter(({ missing }) => missing === undefined);
      rows.push({ transport, server: ours, clients });
    }
    return rows.map((row) => ({ ...row, skip: reasonToSkip(row, certificates) }));
  });
}

function reasonToSkip({ transport, server, clients }, certificates) {
  if (transport === "tls" && certificates.missing !== undefined) return certificates.missing;
  return [server, ...clients].find(({ missing }) => missing !== undefined)?.missing;
}
