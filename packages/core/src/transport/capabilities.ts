import type { Capabilities, PeerIdentity } from "./transport.ts";

/** What every transport can do that carries one reliable run of bytes. */
export function streamCapabilities(
  own: Pick<Capabilities, "localOnly" | "credentials"> & Partial<Capabilities>,
): Capabilities {
  return Object.freeze({
    stream: true,
    ordered: true,
    feedback: true,
    exclusive: true,
    halfClose: true,
    ...own,
  });
}

/** A peer of which the transport knows nothing. */
export const nobody: PeerIdentity = Object.freeze({ credentials: "unknown" });
