/**
 * The one error class of the library. Everything that can go wrong has a stable code, so that
 * programs decide by `error.code` and never by text.
 */

/** Every code a {@link MyelinError} can carry. `docs/errors.md` says what to do about each. */
export type MyelinErrorCode =
  | "ERR_ABORTED"
  | "ERR_ADDRESS_IN_USE"
  | "ERR_BAD_FRAME"
  | "ERR_CLOSED"
  | "ERR_CONFIG"
  | "ERR_CONNECTION_LOST"
  | "ERR_CONNECTION_REFUSED"
  | "ERR_INVALID_ADDRESS"
  | "ERR_NOT_A_SOCKET"
  | "ERR_NOT_FOUND"
  | "ERR_NOT_SERIALIZABLE"
  | "ERR_PATH_TOO_LONG"
  | "ERR_PERMISSION"
  | "ERR_TIMEOUT"
  | "ERR_TLS"
  | "ERR_TOO_LARGE"
  | "ERR_TRANSPORT"
  | "ERR_UNDELIVERED"
  | "ERR_UNSUPPORTED";

/** What a {@link MyelinError} may know beside its code and message. */
export interface MyelinErrorOptions {
  /** The error that led to this one: for failures of the system, Node's own error. */
  cause?: unknown;
  /** The address concerned, in the form that `formatAddress` gives. */
  address?: string;
}

// Symbol.for: two copies of the library in one process (the drop-in bundles one) agree on it.
const brand = Symbol.for("myelin.error");

/** An error of this library. Test for it with {@link isMyelinError}, which sees through copies. */
export class MyelinError extends Error {
  override readonly name = "MyelinError";
  readonly code: MyelinErrorCode;
  readonly address: string | undefined;

  constructor(code: MyelinErrorCode, message: string, options: MyelinErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.address = options.address;
  }

  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }
}

/** True for a {@link MyelinError} of this copy of the library or of any other. */
export function isMyelinError(value: unknown): value is MyelinError {
  return typeof value === "object" && value !== null && brand in value;
}

const codeOfErrno: Readonly<Record<string, MyelinErrorCode>> = {
  EACCES: "ERR_PERMISSION",
  EADDRINUSE: "ERR_ADDRESS_IN_USE",
  EADDRNOTAVAIL: "ERR_INVALID_ADDRESS",
  EAI_AGAIN: "ERR_NOT_FOUND",
  ECONNREFUSED: "ERR_CONNECTION_REFUSED",
  ECONNRESET: "ERR_CONNECTION_LOST",
  EINVAL: "ERR_INVALID_ADDRESS",
  EMSGSIZE: "ERR_TOO_LARGE",
  ENAMETOOLONG: "ERR_PATH_TOO_LONG",
  ENOENT: "ERR_NOT_FOUND",
  ENOTFOUND: "ERR_NOT_FOUND",
  ENOTSOCK: "ERR_NOT_A_SOCKET",
  EPERM: "ERR_PERMISSION",
  EPIPE: "ERR_CONNECTION_LOST",
  ETIMEDOUT: "ERR_TIMEOUT",
};

// What a person should try next; the kernel's word for it says too little.
const hintOfErrno: Readonly<Record<string, string>> = {
  EACCES: "check who owns the socket and its folder",
  ECONNREFUSED:
    "nothing accepts connections there; on a folder shared with a container use a named volume or TCP",
  ENOTSOCK: "the file is not a socket; a bind mount of another system cannot carry sockets",
  EOPNOTSUPP: "the file system there cannot carry sockets; use a named volume or TCP",
  ENOTSUP: "the system cannot share this socket; use TCP, or give each process its own address",
  EPERM: "on Windows, a pipe of another user needs readableAll and writableAll",
};

/**
 * Turns anything that was thrown into a {@link MyelinError}: one of ours is returned as it is, an
 * error of the system gets the code for its errno and stays as the `cause`.
 */
export function toMyelinError(reason: unknown, options: { address?: string } = {}): MyelinError {
  if (isMyelinError(reason)) return reason;
  const extra = { ...options, cause: reason };
  if (!(reason instanceof Error)) return new MyelinError("ERR_TRANSPORT", String(reason), extra);
  const errno = (reason as NodeJS.ErrnoException).code ?? "";
  if (reason.name === "AbortError") return new MyelinError("ERR_ABORTED", reason.message, extra);
  const hint = hintOfErrno[errno];
  const message = hint === undefined ? reason.message : `${reason.message} (${hint})`;
  return new MyelinError(codeOfErrno[errno] ?? "ERR_TRANSPORT", message, extra);
}

/** The hint that {@link toMyelinError} appends for an errno, if there is one. */
export function hintFor(errno: string | undefined): string | undefined {
  return errno === undefined ? undefined : hintOfErrno[errno];
}
