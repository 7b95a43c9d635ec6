/**
 * What a server says to a client whose certificate it does not trust. It is said blindly, before anything
 * that the client sends is read: to whomever TLS has not let in there is no handshake to take part in.
 */
import { encodePreface, ownVersions } from "../../framing/preface.ts";
import { handshakeFrame, handshakeKind } from "./handshake-frame.ts";
import { refusalFields } from "./welcome.ts";

/** @param why for people: a client reads at most 500 characters of it */
export function certificateRefusal(why: string): Buffer {
  const fields = refusalFields({ reason: "certificate", text: why, versions: ownVersions });
  return Buffer.concat([encodePreface(ownVersions), handshakeFrame(handshakeKind.refuse, fields)]);
}
