/** What each side tells the other about itself in its hello or welcome, and how that is written. */
import { MyelinError, toMyelinError } from "../../errors.ts";
import type { Fields } from "../../framing/fields.ts";

/** How much a side takes. The other side keeps to it, or is cut. */
export interface ReceiveLimits {
  /** The largest frame, its kind included. */
  readonly maxFrameBytes: number;
  /** The largest message, its fragments together. */
  readonly maxMessageBytes: number;
  /** The largest message of plain bytes; absent: as any other. */
  readonly maxBinaryBytes?: number | undefined;
  /** Events and call openings that may be under way and not settled. */
  readonly windowMessages: number;
  /** Their bytes. */
  readonly windowBytes: number;
  /** Large messages that may be on their way in pieces; absent: 4, which is also the most. */
  readonly maxOpenMessages?: number | undefined;
  /** Bytes of an upload before its reader asks for more; absent: 65,536. */
  readonly streamWindowBytes?: number | undefined;
}

/** The contract that a side was given. A difference alone is no reason to refuse. */
export interface ContractId {
  readonly name: string;
  readonly version?: string | undefined;
}

/** What both sides say. */
export interface Terms {
  /**
   * Codecs by name, beside those that everybody knows. In a welcome: the agreed ones, of which the
   * first has the number 16 on the wire, the next 17 and so on.
   */
  readonly codecs: readonly string[];
  /** Extensions by name. In a welcome: the agreed ones. */
  readonly features: readonly string[];
  readonly limits: ReceiveLimits;
  readonly contract?: ContractId | undefined;
}

export const termsKeys = [
  "codecs",
  "features",
  "max-frame",
  "max-message",
  "max-binary",
  "window-messages",
  "window-bytes",
  "max-open",
  "stream-window",
  "contract",
  "contract-version",
] as const;

/** Below this a peer could make us send a message in pieces of nothing. */
const smallestLimitBytes = 1024;
/** Lengths on the wire have 32 bits. */
const largestFrame = 0xffff_ffff;
/** The slots below those of streams. */
const mostOpenMessages = 4;
const maxNameBytes = 64;
/** Numbers of registered codecs: 16 to 255. */
const maxCodecs = 240;
const maxTextBytes = 256;

export function setTerms(fields: Fields, terms: Terms): void {
  const { codecs, features, limits, contract } = terms;
  if (codecs.length > 0) fields.setTexts("codecs", codecs);
  if (features.length > 0) fields.setTexts("features", features);
  fields.setNumber("max-frame", limits.maxFrameBytes);
  fields.setNumber("max-message", limits.maxMessageBytes);
  if (limits.maxBinaryBytes !== undefined) fields.setNumber("max-binary", limits.maxBinaryBytes);
  fields.setNumber("window-messages", limits.windowMessages);
  fields.setNumber("window-bytes", limits.windowBytes);
  if (limits.maxOpenMessages !== undefined) fields.setNumber("max-open", limits.maxOpenMessages);
  if (limits.streamWindowBytes !== undefined) {
    fields.setNumber("stream-window", limits.streamWindowBytes);
  }
  if (contract === undefined) return;
  fields.setText("contract", contract.name);
  if (contract.version !== undefined) fields.setText("contract-version", contract.version);
}

export function termsOf(fields: Fields): Terms {
  const contract = contractOf(fields);
  const maxBinaryBytes = fields.number("max-binary");
  return {
    codecs: namesOf(fields, "codecs"),
    features: namesOf(fields, "features"),
    limits: {
      maxFrameBytes: limitOf(fields, "max-frame", smallestLimitBytes, largestFrame),
      maxMessageBytes: limitOf(fields, "max-message", smallestLimitBytes),
      ...(maxBinaryBytes === undefined ? {} : { maxBinaryBytes }),
      windowMessages: limitOf(fields, "window-messages", 1),
      windowBytes: limitOf(fields, "window-bytes", smallestLimitBytes),
      ...optional(fields, "max-open", "maxOpenMessages", 1, mostOpenMessages),
      ...optional(fields, "stream-window", "streamWindowBytes", smallestLimitBytes),
    },
    ...(contract === undefined ? {} : { contract }),
  };
}

/** What a side offers and the other knows, in the order of the offer. */
export function agreed(offered: readonly string[], known: readonly string[]): string[] {
  return offered.filter((name) => known.includes(name));
}

/** The value that a getter of `fields` gave for `key`, which must be there. */
export function required<Value>(value: Value | undefined, key: string): Value {
  if (value === undefined) throw new MyelinError("ERR_PROTOCOL", `the field "${key}" is missing`);
  return value;
}

/** A text of reasonable length: names and ids are kept and shown. */
export function shortText(fields: Fields, key: string): string | undefined {
  const text = fields.text(key);
  if (text !== undefined && (text === "" || Buffer.byteLength(text) > maxTextBytes)) {
    throw new MyelinError("ERR_PROTOCOL", `the field "${key}" is empty or too long`);
  }
  return text;
}

/** Bytes of a length within bounds. */
export function boundedBytes(
  fields: Fields,
  key: string,
  lowest: number,
  highest: number = lowest,
): Buffer | undefined {
  const bytes = fields.bytes(key);
  if (bytes !== undefined && (bytes.length < lowest || bytes.length > highest)) {
    throw new MyelinError("ERR_PROTOCOL", `the field "${key}" has ${bytes.length} bytes`);
  }
  return bytes;
}

/**
 * Holds what this side is about to say against the rules by which the other side reads it.
 * @throws {MyelinError} `ERR_CONFIG`: what breaks them came from this side's options.
 */
export function checkOwn(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    throw new MyelinError("ERR_CONFIG", toMyelinError(error).message, { cause: error });
  }
}

function limitOf(
  fields: Fields,
  key: string,
  lowest: number,
  highest: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = required(fields.number(key), key);
  if (value < lowest || value > highest) {
    throw new MyelinError("ERR_PROTOCOL", `the field "${key}" is out of range: ${value}`);
  }
  return value;
}

/** A limit that goes without saying when it is what everybody has. */
function optional<Key extends keyof ReceiveLimits>(
  fields: Fields,
  key: string,
  name: Key,
  lowest: number,
  highest?: number,
): Partial<Pick<ReceiveLimits, Key>> {
  if (fields.number(key) === undefined) return {};
  return { [name]: limitOf(fields, key, lowest, highest) } as Partial<Pick<ReceiveLimits, Key>>;
}

function namesOf(fields: Fields, key: string): string[] {
  const names = fields.texts(key) ?? [];
  const isName = (name: string): boolean => name !== "" && Buffer.byteLength(name) <= maxNameBytes;
  if (names.length > maxCodecs || !names.every(isName) || new Set(names).size < names.length) {
    throw new MyelinError("ERR_PROTOCOL", `the field "${key}" is no list of names`);
  }
  return names;
}

function contractOf(fields: Fields): ContractId | undefined {
  const name = shortText(fields, "contract");
  const version = shortText(fields, "contract-version");
  if (name === undefined) {
    if (version === undefined) return undefined;
    throw new MyelinError("ERR_PROTOCOL", "a contract has a version and no name");
  }
  return version === undefined ? { name } : { name, version };
}
