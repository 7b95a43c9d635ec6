/**
 * The errors of the drop-in. Failures of the system are Node's own errors, as node-ipc's users know
 * them; everything that we find wrong is an {@link IPCProtocolError} with a code of its own.
 */
import { isMyelinError, type MyelinErrorCode } from "myelin";

/** Every code of an {@link IPCProtocolError}. `docs/errors.md` says what to do about each. */
export type IpcErrorCode =
  | "ERR_IPC_ASSURED_TLS"
  | "ERR_IPC_ASSURED_TRANSPORT"
  | "ERR_IPC_BACKPRESSURE"
  | "ERR_IPC_CLOSED"
  | "ERR_IPC_CONFIG"
  | "ERR_IPC_CONNECTION"
  | "ERR_IPC_DATAGRAM_TOO_LARGE"
  | "ERR_IPC_DELIMITER"
  | "ERR_IPC_EVENT_NOT_ALLOWED"
  | "ERR_IPC_EVENT_TOO_LARGE"
  | "ERR_IPC_FRAME_TOO_LARGE"
  | "ERR_IPC_INVALID_EVENT"
  | "ERR_IPC_INVALID_JSON"
  | "ERR_IPC_INVALID_MESSAGE"
  | "ERR_IPC_MESSAGE_TIMEOUT"
  | "ERR_IPC_NOT_CONNECTED"
  | "ERR_IPC_PATH_TOO_LONG"
  | "ERR_IPC_QUEUE_FULL"
  | "ERR_IPC_RESERVED_EVENT"
  | "ERR_IPC_SOCKET_ROOT"
  | "ERR_IPC_TLS_CONFIGURATION"
  | "ERR_IPC_UNDELIVERED"
  | "ERR_IPC_UNLINK_NOT_SOCKET";

/** Something that breaks the wire's rules or the configuration, with a stable `code`. */
export class IPCProtocolError extends Error {
  override name = "IPCProtocolError";
  readonly code: IpcErrorCode;
  /** How many messages the error speaks of, where it speaks of several. */
  readonly count?: number;

  constructor(
    code: IpcErrorCode,
    message: string,
    extra: { cause?: unknown; count?: number } = {},
  ) {
    super(message, "cause" in extra ? { cause: extra.cause } : undefined);
    this.code = code;
    if (extra.count !== undefined) this.count = extra.count;
  }
}

// What the core finds out itself, even where an error of the system comes with it.
const codeOfFinding: Partial<Record<MyelinErrorCode, IpcErrorCode>> = {
  ERR_NOT_A_SOCKET: "ERR_IPC_UNLINK_NOT_SOCKET",
  ERR_PATH_TOO_LONG: "ERR_IPC_PATH_TOO_LONG",
  ERR_UNDELIVERED: "ERR_IPC_UNDELIVERED",
};

// The rest has the error of the system behind it, which programs know; these are for when it has not.
const codeOfCore: Partial<Record<MyelinErrorCode, IpcErrorCode>> = {
  ERR_CLOSED: "ERR_IPC_CLOSED",
  ERR_CONFIG: "ERR_IPC_CONFIG",
  ERR_INVALID_ADDRESS: "ERR_IPC_CONFIG",
  ERR_TLS: "ERR_IPC_TLS_CONFIGURATION",
  ERR_TOO_LARGE: "ERR_IPC_FRAME_TOO_LARGE",
};

/** The error that a program of node-ipc sees for a failure of the core. */
export function toIpcError(reason: unknown): Error {
  if (!isMyelinError(reason)) return reason instanceof Error ? reason : new Error(String(reason));
  const { cause } = reason;
  // ENOTSOCK comes from connecting: that is the system's own word, not what we found in the way.
  const isFinding = !(isSystemError(cause) && cause.code === "ENOTSOCK");
  const finding = isFinding ? codeOfFinding[reason.code] : undefined;
  if (finding === undefined && isSystemError(cause)) return explained(cause, reason.message);
  const code = finding ?? codeOfCore[reason.code] ?? "ERR_IPC_CONNECTION";
  return new IPCProtocolError(code, reason.message, { cause: reason });
}

function isSystemError(value: unknown): value is NodeJS.ErrnoException {
  return value instanceof Error && typeof (value as NodeJS.ErrnoException).code === "string";
}

/** Node's error with what the core found out about it: who owns the file, what to do. */
function explained(error: NodeJS.ErrnoException, message: string): NodeJS.ErrnoException {
  if (message.includes(error.message)) error.message = message;
  return error;
}
