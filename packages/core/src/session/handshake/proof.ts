/**
 * Proves to the other side that this one knows the shared secret, without telling it:
 *
 *     key        = HKDF-SHA-256(secret, no salt, info "myelin v1"), 32 bytes (RFC 5869)
 *     transcript = both prefaces and all frames of the handshake so far, in the order of the handshake
 *     proof      = HMAC-SHA-256(key, label || SHA-256(transcript) || channel binding)
 *
 * - Each side has a label of its own: a proof is of no use to send back.
 * - The transcript has a fresh nonce of each side, so that no proof is good twice, and everything
 *   that was offered, so that nothing can be struck out on the way.
 * - On TLS the channel binding (RFC 9266, `tls-exporter`) ties the proof to this very connection, so
 *   that it cannot be passed on. Without TLS it is empty: then the handshake is authenticated, and
 *   the bytes that follow are not.
 * - A recorded handshake lets secrets be guessed at leisure; hence no secret below 16 bytes, and the
 *   advice to make it at random.
 */
import {
  createHash,
  createHmac,
  createSecretKey,
  type Hash,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";
import { MyelinError } from "../../errors.ts";

/** Bytes that both sides know and nobody else: text counts as UTF-8. At least 16 bytes, random. */
export type Secret = string | Uint8Array;

/** A key made of a secret. As an object of Node's it does not show its bytes when it is logged. */
export type ProofKey = KeyObject;

/** At least one. */
export type ProofKeys = readonly [ProofKey, ...ProofKey[]];

/** Short ones can be found by trying. */
const minSecretBytes = 16;

/** Bytes of a proof. */
export const proofBytes = 32;
/** Bytes of each side's nonce. */
export const nonceBytes = 32;

const label = { client: "myelin v1 client", server: "myelin v1 server" } as const;

/**
 * The keys of one secret, or of several while they are being replaced: a client proves with the
 * first, a server accepts any. So a new secret goes first to the servers, then to the clients.
 * @throws {MyelinError} `ERR_CONFIG` for no secret, or one of less than 16 bytes.
 */
export function proofKeys(secret: Secret | readonly Secret[]): ProofKeys {
  const secrets = Array.isArray(secret) ? (secret as readonly Secret[]) : [secret as Secret];
  const [first, ...others] = secrets.map(deriveKey);
  if (first === undefined) throw new MyelinError("ERR_CONFIG", "`secret` is an empty list");
  return [first, ...others];
}

function deriveKey(secret: Secret): ProofKey {
  const bytes = typeof secret === "string" ? Buffer.from(secret, "utf8") : secret;
  if (!(bytes instanceof Uint8Array)) {
    throw new MyelinError("ERR_CONFIG", "`secret` is neither text nor bytes");
  }
  if (bytes.length < minSecretBytes) {
    throw new MyelinError("ERR_CONFIG", `\`secret\` has less than ${minSecretBytes} bytes`);
  }
  return createSecretKey(Buffer.from(hkdfSync("sha256", bytes, "", "myelin v1", 32)));
}

/** Everything both sides have said so far, as they understood it. */
export class Transcript {
  readonly #hash: Hash = createHash("sha256");

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  hash(): Buffer {
    return this.#hash.copy().digest();
  }
}

/** What a proof is made of, beside the key. */
export interface ProofContext {
  /** Who proves. */
  readonly role: "client" | "server";
  readonly transcript: Transcript;
  /** What the TLS connection exports, the same on both sides; undefined without TLS. */
  readonly channelBinding?: Uint8Array | undefined;
}

export function prove(key: ProofKey, { role, transcript, channelBinding }: ProofContext): Buffer {
  const hmac = createHmac("sha256", key).update(label[role], "ascii").update(transcript.hash());
  if (channelBinding !== undefined) hmac.update(channelBinding);
  return hmac.digest();
}

/** The key that `proof` was made with. Takes as long whichever it is, and when it is none. */
export function keyOfProof(
  keys: readonly ProofKey[],
  proof: Uint8Array,
  context: ProofContext,
): ProofKey | undefined {
  if (proof.length !== proofBytes) return undefined;
  let found: ProofKey | undefined;
  for (const key of keys) {
    if (timingSafeEqual(prove(key, context), proof)) found = key;
  }
  return found;
}
