/** The parser of the default profile, which the others extend. */
import { Delimiter, encodeJsonEvent, isMyelinError, JsonEventDecoder } from "myelin";
import {
  Defaults,
  defaultMaxEventNameLength,
  defaultMaxMessageSize,
  defaultMaxPendingBytes,
  defaultMessageTimeout,
} from "../defaults.ts";
import { IPCProtocolError } from "../protocol-error.ts";

export interface Message {
  type: string;
  data?: unknown;
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
  read(remainder: string, data: string, receive: (message: never) => void): string {
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
