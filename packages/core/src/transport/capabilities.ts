import { isMyelinError, type MyelinError } from "../errors.ts";
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

/**
 * Whether the failure of a dial shows that nobody listens there any more. One whose cause is another
 * failure of ours, in one of several places, leaves that open.
 */
export function provesGone(capabilities: Capabilities, error: MyelinError): boolean {
  if (capabilities.refusalIsProof !== true || !isAbsence(error)) return false;
  return !isMyelinError(error.cause) || isAbsence(error.cause);
}

/** Nobody is there, or the place itself is not. */
export function isAbsence({ code }: MyelinError): boolean {
  return code === "ERR_CONNECTION_REFUSED" || code === "ERR_NOT_FOUND";
}
