/** The server's last word in a handshake: a welcome or a refusal. */
import { MyelinError } from "../../errors.ts";
import { Fields } from "../../framing/fields.ts";
import { formatVersions, type VersionRange } from "../../framing/preface.ts";
import { tokenBytes } from "./hello.ts";
import {
  boundedBytes,
  checkOwn,
  required,
  setTerms,
  shortText,
  type Terms,
  termsKeys,
  termsOf,
} from "./terms.ts";

/** What a client learns when it is let in. */
export interface Welcome extends Terms {
  /** The server's running process: another one after a restart. */
  readonly instance: string;
  /** The client's session, as the server names it. Public; it proves nothing. */
  readonly peer: string;
  /** How often each side makes sure that the other is there; absent when it does not. */
  readonly heartbeatMs?: number | undefined;
  /** How to continue the session after a broken connection; absent when it cannot be. */
  readonly resume?: ResumeOffer | undefined;
  /**
   * The session goes on: so many counted frames of the client's have arrived in it. Absent in a new
   * session, also when the client wished to continue one.
   */
  readonly received?: number | undefined;
}

export interface ResumeOffer {
  /** Whoever has it has the session: never logged, never published, another one in each welcome. */
  readonly token: Uint8Array;
  /** How long the server keeps a session whose connection broke. */
  readonly windowMs: number;
}

const knownKeys: ReadonlySet<string> = new Set([
  ...termsKeys,
  "instance",
  "peer",
  "heartbeat",
  "token",
  "resume-window",
  "received",
  "proof",
]);

/** Without the proof, which covers them. @throws {MyelinError} `ERR_CONFIG`. */
export function welcomeFields(welcome: Welcome): Fields {
  const { instance, peer, heartbeatMs, resume, received } = welcome;
  const fields = new Fields().setText("instance", instance).setText("peer", peer);
  setTerms(fields, welcome);
  if (heartbeatMs !== undefined) fields.setNumber("heartbeat", heartbeatMs);
  if (resume !== undefined) {
    fields.setBytes("token", resume.token).setNumber("resume-window", resume.windowMs);
  }
  if (received !== undefined) fields.setNumber("received", received);
  checkOwn(() => readWelcome(fields));
  return fields;
}

/** @throws {MyelinError} `ERR_PROTOCOL`; `ERR_VERSION` for a critical field that is not known. */
export function readWelcome(fields: Fields): Welcome {
  const unknown = fields.unknownCritical(knownKeys);
  if (unknown !== undefined) {
    throw new MyelinError("ERR_VERSION", `the server insists on "${unknown}", unknown here`);
  }
  const token = boundedBytes(fields, "token", tokenBytes.least, tokenBytes.most);
  const windowMs = fields.number("resume-window");
  if ((token === undefined) !== (windowMs === undefined)) {
    throw new MyelinError("ERR_PROTOCOL", "a token comes with a window, or neither");
  }
  return {
    ...termsOf(fields),
    instance: required(shortText(fields, "instance"), "instance"),
    peer: required(shortText(fields, "peer"), "peer"),
    heartbeatMs: fields.number("heartbeat"),
    resume: token === undefined ? undefined : { token, windowMs: windowMs as number },
    received: fields.number("received"),
  };
}

/** Why a client is not let in, as far as it is told. */
export type RefusalReason =
  /** Nothing more is said: it is not known who asks, or the secret is another one. */
  | "refused"
  /** `authorize` said no. */
  | "denied"
  /** TLS: the client's certificate is not trusted, or it has shown none. */
  | "certificate"
  /** Too many at once. */
  | "busy"
  /** The server is about to end. */
  | "closing"
  /** The client broke a rule of the wire. */
  | "protocol"
  /** No version in common, or something was insisted on that is not known. */
  | "version";

const reasons: ReadonlySet<string> = new Set<RefusalReason>([
  "refused",
  "denied",
  "certificate",
  "busy",
  "closing",
  "protocol",
  "version",
]);

export interface Refusal {
  readonly reason: RefusalReason;
  readonly text?: string | undefined;
  /** When to come again: 0 at once, absent never. */
  readonly retryAfterMs?: number | undefined;
  /** What the server speaks. */
  readonly versions: VersionRange;
}

/** A text for people; it is no place to send a book. */
const maxTextLength = 500;

export function refusalFields({ reason, text, retryAfterMs, versions }: Refusal): Fields {
  const fields = new Fields().setText("reason", reason);
  if (text !== undefined) fields.setText("text", text.slice(0, maxTextLength));
  if (retryAfterMs !== undefined) fields.setNumber("retry-after", retryAfterMs);
  return fields.setBytes("versions", Uint8Array.of(versions.lowest, versions.highest));
}

/** A reason that is not known is read as `refused`. @throws {MyelinError} `ERR_PROTOCOL`. */
export function readRefusal(fields: Fields): Refusal {
  const reason = required(fields.text("reason"), "reason");
  const [lowest = 0, highest = 0] = required(boundedBytes(fields, "versions", 2), "versions");
  return {
    reason: reasons.has(reason) ? (reason as RefusalReason) : "refused",
    // It ends up in logs, where a line of its own would look like ours.
    text: fields
      .text("text")
      ?.slice(0, maxTextLength)
      .replaceAll(/\p{Cc}/gu, " "),
    retryAfterMs: fields.number("retry-after"),
    versions: { lowest, highest },
  };
}

/** The error of a client that was refused. */
export function errorOfRefusal(refusal: Refusal, own: VersionRange): MyelinError {
  const { reason, text, versions } = refusal;
  const said = text === undefined ? "" : `: ${text}`;
  if (reason === "version") {
    const both = `it speaks ${formatVersions(versions)}, this client ${formatVersions(own)}`;
    return new MyelinError("ERR_VERSION", `the server refused the version (${both})${said}`);
  }
  const what =
    reason === "certificate"
      ? `the server refused this client's certificate${said}`
      : `the server refused this client (${reason})${said}`;
  return new MyelinError(codeOfRefusal(reason), what);
}

/** What a refusal is called at both ends, on every wire; a version has a code of its own. */
export function codeOfRefusal(reason: RefusalReason): "ERR_BUSY" | "ERR_REFUSED" | "ERR_TLS" {
  if (reason === "certificate") return "ERR_TLS";
  return reason === "busy" ? "ERR_BUSY" : "ERR_REFUSED";
}
