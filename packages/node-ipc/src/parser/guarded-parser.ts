/** The parsers that hold peers to limits and names, as node-ipc 14 introduced them. */
import {
  Defaults,
  defaultMaxEventNameLength,
  defaultMaxMessageSize,
  defaultMaxPendingBytes,
  defaultMessageTimeout,
} from "../defaults.ts";
import { IPCProtocolError } from "../protocol-error.ts";
import { type Message, Parser } from "./parser.ts";

/** Events that node-ipc fires itself; `guarded` and `assured` take none of them from a peer. */
export const reservedEventTypes: ReadonlySet<string> = new Set([
  "start",
  "connect",
  "disconnect",
  "destroy",
  "close",
  "socket.disconnected",
  "error",
  "data",
]);

/** Names that an object has by birth: a program that keeps handlers in one would run the wrong. */
const inheritedNames: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** The profile `guarded`: fast, with limits for what a peer may send and no lifecycle names. */
export class GuardedParser extends Parser {
  override readonly profile: string = "guarded";
  readonly allowReservedEvents: boolean;

  constructor(config: Partial<Defaults> = new Defaults()) {
    super(guardedConfig(config));
    this.allowReservedEvents = config.allowReservedEvents === true;
  }

  override encode(type: unknown, data?: unknown): string {
    this.validateType(type);
    const frame = super.encode(type, data);
    this.#assertSize(frame.slice(0, -this.delimiter.length));
    return frame;
  }

  override decode(frame: string): Message {
    this.#assertSize(frame);
    const message = super.decode(frame);
    if (typeof message !== "object" || message === null || Array.isArray(message)) {
      throw new IPCProtocolError(
        "ERR_IPC_INVALID_MESSAGE",
        "received message must be a JSON object",
      );
    }
    this.validateType((message as { type?: unknown }).type);
    return message as Message;
  }

  override push(remainder = "", data = ""): { events: string[]; remainder: string } {
    const parsed = super.push(remainder, data);
    for (const frame of parsed.events) this.#assertSize(frame);
    this.#assertSize(parsed.remainder);
    return parsed;
  }

  /** @throws {IPCProtocolError} when a peer, or this program, may not use the name. */
  validateType(type: unknown): void {
    if (typeof type !== "string" || type.length === 0) {
      throw new IPCProtocolError(
        "ERR_IPC_INVALID_EVENT",
        "an event's type must be a non-empty string",
      );
    }
    if (type.length > this.maxEventNameLength) {
      throw new IPCProtocolError(
        "ERR_IPC_EVENT_TOO_LARGE",
        `an event's type exceeds maxEventNameLength (${this.maxEventNameLength})`,
      );
    }
    if (inheritedNames.has(type)) {
      throw new IPCProtocolError(
        "ERR_IPC_INVALID_EVENT",
        `the event type "${type}" is a name that every object has`,
      );
    }
    if (!this.allowReservedEvents && reservedEventTypes.has(type)) {
      throw new IPCProtocolError(
        "ERR_IPC_RESERVED_EVENT",
        `the event type "${type}" is reserved for local lifecycle events; see allowReservedEvents`,
      );
    }
  }

  #assertSize(frame: string): void {
    // UTF-8 needs at most three bytes for a UTF-16 unit; most frames need not be measured.
    if (frame.length * 3 <= this.maxMessageSize) return;
    if (Buffer.byteLength(frame) <= this.maxMessageSize) return;
    throw new IPCProtocolError(
      "ERR_IPC_FRAME_TOO_LARGE",
      `a message exceeds maxMessageSize (${this.maxMessageSize})`,
    );
  }
}

/** The profile `assured`: guarded, only named events, and only over authenticated transports. */
export class AssuredParser extends GuardedParser {
  override readonly profile: string = "assured";
  readonly allowedEvents: ReadonlySet<string>;

  constructor(config: Partial<Defaults> = new Defaults()) {
    super({ ...config, allowReservedEvents: false });
    const allowed = config.allowedEvents;
    this.allowedEvents = new Set(Array.isArray(allowed) || allowed instanceof Set ? allowed : []);
    if (this.allowedEvents.size === 0) {
      throw new TypeError(
        "ipc.config.allowedEvents must be a non-empty Array or Set for the assured parser",
      );
    }
  }

  override validateType(type: unknown): void {
    super.validateType(type);
    if (!this.allowedEvents.has(type as string)) {
      throw new IPCProtocolError(
        "ERR_IPC_EVENT_NOT_ALLOWED",
        "the event's type is not in allowedEvents",
      );
    }
  }
}

// node-ipc 14's numbers, for each key that the program left at its default.
function guardedConfig(config: Partial<Defaults>): Partial<Defaults> {
  const choose = <Value>(value: Value | undefined, usual: Value, guarded: Value): Value =>
    value === undefined || value === usual ? guarded : value;
  return {
    ...config,
    maxMessageSize: choose(config.maxMessageSize, defaultMaxMessageSize, 1024 * 1024),
    maxPendingBytes: choose(config.maxPendingBytes, defaultMaxPendingBytes, 8 * 1024 * 1024),
    maxEventNameLength: choose(config.maxEventNameLength, defaultMaxEventNameLength, 256),
    messageTimeout: choose(config.messageTimeout, defaultMessageTimeout, 30_000),
  };
}
