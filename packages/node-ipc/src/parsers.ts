/**
 * node-ipc 14's parsers: how a message becomes text and text a message. `raw` leaves bytes alone,
 * `fast` is the default, `guarded` and `assured` hold peers to limits and names.
 * Programs may use and extend the classes; their own parsers need `encode` and `read`.
 */
import { Delimiter, encodeJsonEvent, isMyelinError, JsonEventDecoder } from "myelin";
import {
  Defaults,
  defaultMaxEventNameLength,
  defaultMaxMessageSize,
  defaultMaxPendingBytes,
  defaultMessageTimeout,
  type WireParser,
} from "./defaults.ts";
import { IPCProtocolError } from "./protocol-error.ts";

export interface Message {
  type: string;
  data?: unknown;
}

type Receive = (message: never) => void;

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

/** Bytes as they are: no messages, no framing. */
export class RawParser {
  readonly profile: string = "raw";
  readonly raw: boolean = true;
  readonly encoding: BufferEncoding;

  constructor(config: Partial<Defaults> = new Defaults()) {
    this.encoding = config.encoding ?? "utf8";
  }

  /** A Buffer as it is, text by the configured encoding, or a list of bytes. */
  encode(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    if (typeof value === "string") return Buffer.from(value, this.encoding);
    return Buffer.from(value as readonly number[]);
  }

  format(value: unknown): Uint8Array {
    return this.encode(value);
  }

  read(remainder: string, data: string, receive: Receive): string {
    receive(data as never);
    return remainder;
  }

  parse(data: unknown): unknown[] {
    return [data];
  }

  decode(data: unknown): unknown {
    return data;
  }
}

/** The default profile, `fast`: JSON events that end in the delimiter. */
export class Parser {
  readonly profile: string = "fast";
  readonly raw: boolean = false;
  readonly encoding: BufferEncoding = "utf8";
  readonly delimiter: string;
  readonly maxMessageSize: number;
  readonly maxPendingBytes: number;
  readonly maxEventNameLength: number;
  readonly messageTimeout: number;
  /** The same delimiter, checked and ready to frame. */
  readonly framing: Delimiter;
  readonly #legacyPayloads: boolean;
  readonly #events = new JsonEventDecoder();

  constructor(config: Partial<Defaults> = new Defaults()) {
    const delimiter = "delimiter" in config ? config.delimiter : "\f";
    this.framing = checkedDelimiter(delimiter);
    this.delimiter = this.framing.text;
    this.#legacyPayloads = config.legacyPayloads === true;
    this.maxMessageSize = limit(config, "maxMessageSize", defaultMaxMessageSize);
    this.maxPendingBytes = limit(config, "maxPendingBytes", defaultMaxPendingBytes);
    this.maxEventNameLength = limit(config, "maxEventNameLength", defaultMaxEventNameLength);
    this.messageTimeout = limit(config, "messageTimeout", defaultMessageTimeout);
  }

  /** The frame of an event. No data and undefined travel as `{}`. */
  encode(type: unknown, data?: unknown): string {
    const name = typeof type === "string" ? type : String(type);
    return this.framing.frame(
      encodeJsonEvent(name, this.#legacyPayloads ? legacyPayload(data) : data),
    );
  }

  format(message: Message): string {
    return this.encode(message.type, message.data);
  }

  /** The message of one frame, without its delimiter. */
  decode(frame: string): unknown {
    try {
      return this.#events.decode(frame);
    } catch {
      throw new IPCProtocolError("ERR_IPC_INVALID_JSON", "received message is not valid JSON");
    }
  }

  /** Reports the frames of `remainder + data`; returns what is left. */
  read(remainder: string, data: string, receive: Receive): string {
    const { events, remainder: left } = this.push(remainder, data);
    for (const frame of events) receive(this.decode(frame) as never);
    return left;
  }

  /** The frames of `remainder + data` as text, and what is left. */
  push(remainder = "", data = ""): { events: string[]; remainder: string } {
    const combined = remainder === "" ? data : remainder + data;
    // A text that grows by concatenation must not be searched as a whole each time.
    const grows = this.delimiter.length === 1 && !data.includes(this.delimiter);
    if (grows) return { events: [], remainder: combined };
    const events = combined.split(this.delimiter);
    return { remainder: events.pop() ?? "", events };
  }

  parse(data: string): string[] {
    return this.push("", data).events;
  }
}

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

/** The parser that a configuration asks for. */
export function createParser(config: Defaults): WireParser {
  const choice = config.rawBuffer ? "raw" : (config.parser ?? "fast");
  const parser = typeof choice === "string" ? builtIn(choice, config) : custom(choice, config);
  if (typeof parser?.encode !== "function" || typeof parser.read !== "function") {
    throw new TypeError(
      'ipc.config.parser must be "raw", "fast", "guarded", "assured", or an object with encode() and read()',
    );
  }
  return parser;
}

function builtIn(name: string, config: Defaults): WireParser | undefined {
  switch (name) {
    case "raw":
      return new RawParser(config);
    case "fast":
      return new Parser(config);
    case "guarded":
      return new GuardedParser(config);
    case "assured":
      return new AssuredParser(config);
    default:
      return undefined;
  }
}

function custom(
  choice: WireParser | (new (config: Defaults) => WireParser),
  config: Defaults,
): WireParser {
  return typeof choice === "function" ? new choice(config) : choice;
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

type LimitName = "maxMessageSize" | "maxPendingBytes" | "maxEventNameLength" | "messageTimeout";

function limit(config: Partial<Defaults>, name: LimitName, usual: number): number {
  const value = config[name] ?? usual;
  const least = name === "messageTimeout" ? 0 : 1;
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= least)) {
    return value;
  }
  throw new TypeError(`ipc.config.${name} must be a positive integer or Infinity`);
}

function checkedDelimiter(delimiter: unknown): Delimiter {
  if (typeof delimiter !== "string" || delimiter === "") {
    throw new IPCProtocolError(
      "ERR_IPC_DELIMITER",
      "ipc.config.delimiter must be a non-empty string",
    );
  }
  try {
    return new Delimiter(delimiter);
  } catch (error) {
    if (!isMyelinError(error)) throw error;
    throw new IPCProtocolError("ERR_IPC_DELIMITER", error.message, { cause: error });
  }
}

/** What node-ipc 9 to 12 put in the place of some payloads. */
function legacyPayload(data: unknown): unknown {
  const isEmpty = !data && data !== false && data !== 0;
  return isEmpty || (data as { _maxListeners?: unknown })._maxListeners ? {} : data;
}
