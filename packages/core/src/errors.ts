/**
 * The one error class of the library. Everything that can go wrong has a stable code, so that
 * programs decide by `error.code` and never by text.
 */

/** Every code a {@link MyelinError} can carry. `docs/errors.md` says what to do about each. */
export type MyelinErrorCode =
  | "ERR_ABORTED"
  | "ERR_ADDRESS_IN_USE"
  | "ERR_AUTHENTICATION"
  | "ERR_BAD_FRAME"
  | "ERR_BUSY"
  | "ERR_CLOSED"
  | "ERR_CONFIG"
  | "ERR_CONNECTION_LOST"
  | "ERR_CONNECTION_REFUSED"
  | "ERR_DRAINING"
  | "ERR_INVALID_ADDRESS"
  | "ERR_INVALID_DATA"
  | "ERR_NO_HANDLER"
  | "ERR_NOT_A_SOCKET"
  | "ERR_NOT_CONNECTED"
  | "ERR_NOT_FOUND"
  | "ERR_NOT_SERIALIZABLE"
  | "ERR_PATH_TOO_LONG"
  | "ERR_PERMISSION"
  | "ERR_PROTOCOL"
  | "ERR_QUEUE_FULL"
  | "ERR_REFUSED"
  | "ERR_REMOTE"
  | "ERR_SLOW_PEER"
  | "ERR_SOURCE"
  | "ERR_TIMEOUT"
  | "ERR_TLS"
  | "ERR_TOO_LARGE"
  | "ERR_TRANSPORT"
  | "ERR_UNDELIVERED"
  | "ERR_UNSUPPORTED"
  | "ERR_VERSION";

/** Whether the handler of a call that failed has run: what decides if the call may be repeated. */
export type Ran = "no" | "maybe" | "yes";

/** What a handler at the other end threw, as far as that end tells. Plain data, none of it ours. */
export interface RemoteError {
  readonly name: string;
  readonly message: string;
  /** What the thrown error had as `code`. It says nothing about this end's connection. */
  readonly code?: string;
  /** What the thrown error had as `data`. */
  readonly data?: unknown;
  readonly cause?: RemoteError;
  /** Only from an endpoint that was told to send stacks. */
  readonly stack?: string;
}

/** One thing about data that a schema refuses, and where in the data it is. */
export interface ValidationIssue {
  readonly message: string;
  /** Keys and indexes from the outside in; empty for the data itself. */
  readonly path: readonly (string | number)[];
}

/** What a {@link MyelinError} may know beside its code and message. */
export interface MyelinErrorOptions {
  /** The error that led to this one: for failures of the system, Node's own error. */
  cause?: unknown;
  /** The address concerned, in the form that `formatAddress` gives. */
  address?: string;
  /** Of a call: whether its handler has run. */
  ran?: Ran;
  /** Of `ERR_REMOTE`: what the handler threw. */
  remote?: RemoteError;
  /** Of `ERR_INVALID_DATA`: what is wrong, and where. */
  issues?: readonly ValidationIssue[];
}

// Symbol.for: two copies of the library in one process (the drop-in bundles one) agree on it.
const brand = Symbol.for("myelin.error");

/** An error of this library. Test for it with {@link isMyelinError}, which sees through copies. */
export class MyelinError extends Error {
  override readonly name = "MyelinError";
  readonly code: MyelinErrorCode;
  // Declared, not defined: an error shows none of those that it does not have when it is printed.
  /** The address concerned. */
  declare readonly address: string | undefined;
  /** Of a call: whether its handler has run. */
  declare readonly ran: Ran | undefined;
  /** Of `ERR_REMOTE`: what the handler threw. */
  declare readonly remote: RemoteError | undefined;
  /** Of `ERR_INVALID_DATA`: what is wrong, and where. At most 32 of them. */
  declare readonly issues: readonly ValidationIssue[] | undefined;

  constructor(code: MyelinErrorCode, message: string, options: MyelinErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    if (options.address !== undefined) this.address = options.address;
    if (options.ran !== undefined) this.ran = options.ran;
    if (options.remote !== undefined) this.remote = options.remote;
    if (options.issues !== undefined) this.issues = options.issues;
  }

  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }
}

/** True for a {@link MyelinError} of this copy of the library or of any other. Never throws. */
export function isMyelinError(value: unknown): value is MyelinError {
  if (typeof value !== "object" || value === null) return false;
  try {
    return brand in value;
  } catch {
    // A proxy that does not want to be looked at: programs may throw anything.
    return false;
  }
}

function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

/** The text of anything that was thrown. Never throws. */
export function textOfThrown(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "what was thrown has no text";
  }
}

/** The first line of what an error says, or of the text of anything else that was thrown. Never throws. */
export function lineOfThrown(thrown: unknown): string {
  let said = thrown;
  try {
    if (isError(thrown)) said = thrown.message;
  } catch {
    // Its message is a getter, which throws.
  }
  const [line = ""] = textOfThrown(said).split("\n", 1);
  return line;
}

const codeOfErrno: Readonly<Record<string, MyelinErrorCode>> = {
  EACCES: "ERR_PERMISSION",
  EADDRINUSE: "ERR_ADDRESS_IN_USE",
  EADDRNOTAVAIL: "ERR_INVALID_ADDRESS",
  EAI_AGAIN: "ERR_NOT_FOUND",
  ECONNABORTED: "ERR_CONNECTION_LOST",
  ECONNREFUSED: "ERR_CONNECTION_REFUSED",
  ECONNRESET: "ERR_CONNECTION_LOST",
  EINVAL: "ERR_INVALID_ADDRESS",
  EMSGSIZE: "ERR_TOO_LARGE",
  ENAMETOOLONG: "ERR_PATH_TOO_LONG",
  ENOENT: "ERR_NOT_FOUND",
  ENOTFOUND: "ERR_NOT_FOUND",
  ENOTSOCK: "ERR_NOT_A_SOCKET",
  ENOTSUP: "ERR_UNSUPPORTED",
  EOPNOTSUPP: "ERR_UNSUPPORTED",
  EPERM: "ERR_PERMISSION",
  EPIPE: "ERR_CONNECTION_LOST",
  EPROTO: "ERR_TLS",
  ERR_SOCKET_BAD_PORT: "ERR_INVALID_ADDRESS",
  ERR_SOCKET_DGRAM_NOT_RUNNING: "ERR_CLOSED",
  ETIMEDOUT: "ERR_TIMEOUT",
  // What OpenSSL says of certificates has names of its own; all else of TLS starts with ERR_SSL_ or
  // ERR_TLS_.
  CERT_HAS_EXPIRED: "ERR_TLS",
  CERT_NOT_YET_VALID: "ERR_TLS",
  CERT_REVOKED: "ERR_TLS",
  CERT_SIGNATURE_FAILURE: "ERR_TLS",
  CERT_UNTRUSTED: "ERR_TLS",
  DEPTH_ZERO_SELF_SIGNED_CERT: "ERR_TLS",
  HOSTNAME_MISMATCH: "ERR_TLS",
  INVALID_CA: "ERR_TLS",
  INVALID_PURPOSE: "ERR_TLS",
  SELF_SIGNED_CERT_IN_CHAIN: "ERR_TLS",
  UNABLE_TO_GET_ISSUER_CERT: "ERR_TLS",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "ERR_TLS",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "ERR_TLS",
};

const passAuthority = "pass the certificate of the authority that signed it as `ca`";
const passCertificate = "the server asks for a certificate of the client: pass `key` and `cert`";

// What a person should try next; the system's word for it says too little.
const hintOfErrno: Readonly<Record<string, string>> = {
  EACCES: "check who owns the socket and its folder",
  ECONNREFUSED: "nothing accepts connections there",
  EMFILE: "this process has no file descriptors left: close some, or raise `ulimit -n`",
  ENOTSOCK: "the file is not a socket; a bind mount of another system cannot carry sockets",
  EOPNOTSUPP: "the file system there cannot carry sockets; use a named volume or TCP",
  ENOTSUP: "the system cannot share this socket; use TCP, or give each process its own address",
  EPERM: "on Windows, a pipe of another user needs readableAll and writableAll",
  EPROTO: "does the other side speak TLS on this port?",
  ERR_SSL_WRONG_VERSION_NUMBER: "the other side does not speak TLS on this port",
  ERR_SSL_HTTP_REQUEST: "the other side does not speak TLS on this port",
  ERR_SSL_NO_SHARED_CIPHER: "the server has no `key` and `cert`, or no cipher in common",
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: passCertificate,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: passCertificate,
  "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE": passCertificate,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: passCertificate,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    "the other side does not trust this certificate: its `ca` is another",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the certificate is for another name: dial that name, or pass it as `servername`",
  CERT_HAS_EXPIRED: "renew the certificate",
  CERT_NOT_YET_VALID: "check the clocks of both machines",
  DEPTH_ZERO_SELF_SIGNED_CERT: "pass this certificate as `ca` to trust it",
  SELF_SIGNED_CERT_IN_CHAIN: passAuthority,
  UNABLE_TO_GET_ISSUER_CERT: passAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: passAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: passAuthority,
};

/**
 * Turns anything that was thrown into a {@link MyelinError}: one of ours is returned as it is, an
 * error of the system gets the code for its errno and stays as the `cause`.
 */
export function toMyelinError(reason: unknown, options: { address?: string } = {}): MyelinError {
  if (isMyelinError(reason)) return reason;
  const extra = { ...options, cause: reason };
  if (!isError(reason)) return new MyelinError("ERR_TRANSPORT", textOfThrown(reason), extra);
  if (reason.name === "AbortError") return new MyelinError("ERR_ABORTED", reason.message, extra);
  const { code: errno, syscall } = reason as NodeJS.ErrnoException;
  const isNetwork = "port" in reason || reason instanceof AggregateError;
  const hint = hintAfter(syscall, errno, isNetwork);
  const message = messageOf(reason);
  return new MyelinError(
    codeFor(errno),
    hint === undefined ? message : `${message} (${hint})`,
    extra,
  );
}

/** The hints are about connecting and listening. */
function hintAfter(
  syscall: string | undefined,
  errno: string | undefined,
  isNetwork: boolean,
): string | undefined {
  if (syscall === "unlink" || syscall === "rename") return undefined;
  const isSpawn = syscall?.startsWith("spawn") === true;
  if (isSpawn && errno === "EACCES") return "is it a program that this user may run?";
  return isSpawn && errno === "EPERM" ? undefined : hintFor(errno, isNetwork);
}

/** What a person should try next after an error of the system with this `code`, if that is known. */
export function hintFor(errno: string | undefined, isNetwork = false): string | undefined {
  if (errno === undefined || !Object.hasOwn(hintOfErrno, errno)) return undefined;
  const hint = hintOfErrno[errno];
  // Sockets that are files have a trap of their own.
  return errno === "ECONNREFUSED" && !isNetwork
    ? `${hint}; on a folder shared with a container use a named volume or TCP`
    : hint;
}

function codeFor(errno: string | undefined): MyelinErrorCode {
  if (errno === undefined) return "ERR_TRANSPORT";
  if (/^ERR_(SSL|TLS)_/.test(errno)) return "ERR_TLS";
  return (Object.hasOwn(codeOfErrno, errno) ? codeOfErrno[errno] : undefined) ?? "ERR_TRANSPORT";
}

/** OpenSSL writes numbers, names of functions and of source files around its reason. */
export function withoutOpenSsl(message: string): string {
  const pattern = /(?:[0-9A-F]+:)?error:[0-9A-F]+:[^:\n]*:[^:\n]*:([^:\n]+)(?::[^\n]*)?\n?/gi;
  return message.replace(pattern, "$1");
}

// A host with several addresses fails with one error for all of them, whose own message is empty.
function messageOf(error: Error): string {
  if (error.message !== "" || !(error instanceof AggregateError)) {
    return withoutOpenSsl(error.message);
  }
  return error.errors
    .map((each: unknown) => (each instanceof Error ? each.message : String(each)))
    .join("; ");
}
