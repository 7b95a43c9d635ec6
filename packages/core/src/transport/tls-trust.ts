/**
 * Mutual TLS: whom a server takes, and what becomes of the others.
 *
 * Node destroys a socket whose certificate it does not trust without a word, after a client over TLS 1.3
 * thinks that it is in: to the client that is a server that hangs up, and it comes back for ever. So where
 * there is something to be said, Node is told to let everybody through the handshake, and the judgement
 * falls here, before anybody hears of the socket.
 */
import type { Server, TlsOptions as ServerOptions, TLSSocket } from "node:tls";
import { hintFor } from "../errors.ts";
import { limits } from "../limits.ts";

type TrustOptions = Pick<ServerOptions, "pskCallback" | "rejectUnauthorized" | "requestCert">;

/**
 * The server takes only those whose certificate it trusts. A server with keys shared in advance may take
 * others, and from outside they look like those that must not get in: it is left to Node.
 */
export function wantsCertificates({
  pskCallback,
  rejectUnauthorized,
  requestCert,
}: TrustOptions): boolean {
  // As Node reads the two.
  return requestCert === true && rejectUnauthorized !== false && pskCallback === undefined;
}

/**
 * Keeps those out whose certificate is not trusted: no listener of `secureConnection` hears of them, not even
 * one that somebody adds to the real server.
 * @param onUntrusted gets the socket, which is nobody else's, and why
 */
export function judgeCertificates(
  server: Server,
  onUntrusted: (socket: TLSSocket, why: Distrust) => void,
): void {
  const emit = server.emit.bind(server) as (event: string | symbol, ...args: unknown[]) => boolean;
  const judging = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event === "secureConnection") {
      const socket = args[0] as TLSSocket;
      const why = distrustOf(socket);
      if (why !== undefined) {
        onUntrusted(socket, why);
        return true;
      }
    }
    return emit(event, ...args);
  };
  server.emit = judging;
}

/** Why a client is not trusted, as each side is told. */
export interface Distrust {
  readonly here: string;
  readonly there: string;
}

function distrustOf(socket: TLSSocket): Distrust | undefined {
  // Node takes an anonymous session of TLS 1.3 that is resumed for a key shared in advance, and calls it
  // authorized. Whoever really was verified has a certificate.
  if (socket.getPeerX509Certificate() === undefined) return noCertificate;
  if (socket.authorized) return undefined;
  const { authorizationError } = socket as { readonly authorizationError?: unknown };
  const code = typeof authorizationError === "string" ? authorizationError : "UNSPECIFIED";
  // Most hints are for whoever looks at somebody else's certificate.
  const hint = hintFor(ownFault.has(code) ? code : "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA");
  return { here: notTrusted(code), there: `${code} (${hint})` };
}

/** What the client can mend by itself. */
const ownFault: ReadonlySet<string> = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

const noCertificate: Distrust = Object.freeze({
  here: "the client's certificate is missing: peer did not return a certificate",
  there: `peer did not return a certificate (${hintFor("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE")})`,
});

/** The server's own words for it, whoever has judged. */
export function notTrusted(code: string): string {
  return `the client's certificate is not trusted: ${code}`;
}

/**
 * Ends a socket that nobody gets.
 * @param lastWords what it is told; absent: nothing
 * @param timeoutMs it may take so long to hear it
 */
export function sendAway(
  socket: TLSSocket,
  lastWords: Uint8Array | undefined,
  timeoutMs: number,
): void {
  // Whatever breaks now was to end anyway.
  socket.on("error", () => {});
  if (lastWords === undefined || timeoutMs <= 0) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  socket.once("close", () => clearTimeout(timer));
  // It is only thrown away; but were it left unread, the system would throw away our last words, too.
  let unheard = 0;
  socket.on("data", ({ length }: Uint8Array) => {
    unheard += length;
    if (unheard > limits.maxUnheardBytes) socket.destroy();
  });
  socket.end(lastWords);
}
