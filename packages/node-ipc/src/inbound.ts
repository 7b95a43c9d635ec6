/** What every message from a peer must be, whichever parser read it. */
import { IPCProtocolError } from "./protocol-error.ts";

/**
 * The name of a received message.
 * @throws {IPCProtocolError} when it is not a message of this wire: that ends the connection.
 */
export function checkedName(message: unknown, maxEventNameLength: number | undefined): string {
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    throw new IPCProtocolError("ERR_IPC_INVALID_MESSAGE", "a message must be a JSON object");
  }
  const { type } = message as { type?: unknown };
  // Older versions send a number where the program named its event by one.
  const name = typeof type === "number" ? String(type) : type;
  if (typeof name !== "string") {
    throw new IPCProtocolError("ERR_IPC_INVALID_EVENT", "an event's type must be a string");
  }
  if (maxEventNameLength !== undefined && name.length > maxEventNameLength) {
    throw new IPCProtocolError(
      "ERR_IPC_EVENT_TOO_LARGE",
      `an event's type exceeds maxEventNameLength (${maxEventNameLength})`,
    );
  }
  return name;
}

/** The error for a name that would forge an event of this side. */
export function reservedEvent(name: string): IPCProtocolError {
  return new IPCProtocolError(
    "ERR_IPC_RESERVED_EVENT",
    `a peer sent the event "${name}", which this side fires itself; to receive it set config.allowReservedEvents`,
  );
}

/** Events that a client fires itself. */
export const clientEvents: ReadonlySet<string> = new Set(["connect", "disconnect", "destroy"]);
/** Events that a server fires itself. */
export const serverEvents: ReadonlySet<string> = new Set([
  "start",
  "connect",
  "close",
  "socket.disconnected",
]);
const noEvents: ReadonlySet<string> = new Set();

/** The names that a peer may not send to this side. */
export function heldBack(
  own: ReadonlySet<string>,
  config: { allowReservedEvents: boolean },
): ReadonlySet<string> {
  return config.allowReservedEvents ? noEvents : own;
}

/** A peer's claim about who it is, in its data; undefined when it makes none. */
export function claimedId(data: unknown): string | number | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { id } = data as { id?: unknown };
  return (typeof id === "string" || typeof id === "number") && id ? id : undefined;
}
