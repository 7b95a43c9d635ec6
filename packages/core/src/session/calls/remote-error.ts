/**
 * What a handler threw, on its way to the caller. It travels as plain data and arrives inside an
 * error of our own, `ERR_REMOTE`: no handler and no peer can make up a failure of the library.
 */
import { copyErrorData, dataProperty } from "../../codec/error-data.ts";
import { isMyelinError, MyelinError, type Ran, type RemoteError } from "../../errors.ts";
import { limits } from "../../limits.ts";

/**
 * What of an error leaves the process.
 *
 * - `full`: name, code, message, data and causes.
 * - `message`: name, code and message.
 * - `declared`: all of an error that was meant for callers (declared by the contract, or a
 *   `MyelinError`), and nothing of any other: not even its message, which may hold a query or a path.
 */
export type ExposeErrors = "full" | "message" | "declared";

/** By what an error can be declared. */
export interface ErrorIdentity {
  readonly name: string;
  readonly code: string | undefined;
}

/** How {@link encodeRemoteError} treats an error. */
export interface EncodeErrorOptions {
  readonly expose: ExposeErrors;
  /** Send stacks too, of what is exposed beyond its message. */
  readonly stacks: boolean;
  /** Whether the contract declares an error; asked under `declared` only. */
  readonly isDeclared?: (error: ErrorIdentity) => boolean;
}

const hidden: RemoteError = Object.freeze({ name: "Error", message: "the handler failed" });

/** The record of anything that was thrown, small and ready for JSON. Never throws. */
export function encodeRemoteError(thrown: unknown, options: EncodeErrorOptions): RemoteError {
  try {
    return encode(thrown, options, new Set()) ?? hidden;
  } catch {
    // A Proxy, or a predicate, that throws.
    return hidden;
  }
}

type Mutable<Record> = { -readonly [Key in keyof Record]: Record[Key] };

function encode(
  thrown: unknown,
  options: EncodeErrorOptions,
  above: Set<unknown>,
): RemoteError | undefined {
  const isError = typeof thrown === "object" && thrown !== null;
  const identity = isError ? identityOf(thrown) : { name: "Error", code: undefined };
  if (options.expose === "declared" && !isDeclared(thrown, identity, options)) return undefined;
  const record: Mutable<RemoteError> = {
    name: clipErrorText(identity.name),
    message: clipErrorText(isError ? messageOf(thrown) : textOf(thrown)),
  };
  if (identity.code !== undefined) record.code = clipErrorText(identity.code);
  if (!isError || options.expose === "message") return record;
  if (options.stacks) {
    const stack = stackOf(thrown);
    if (stack !== undefined) record.stack = clipErrorText(stack);
  }
  const data = copyErrorData(dataProperty(thrown, "data"));
  if (data !== undefined) record.data = data;
  above.add(thrown);
  const next = causeOf(thrown);
  if (next !== undefined && !above.has(next) && above.size <= limits.maxErrorCauses) {
    const cause = encode(next, options, above);
    if (cause !== undefined) record.cause = cause;
  }
  return record;
}

function isDeclared(
  thrown: unknown,
  identity: ErrorIdentity,
  { isDeclared = () => false }: EncodeErrorOptions,
): boolean {
  if (!isMyelinError(thrown)) return isDeclared(identity);
  // What another peer threw is its word, not ours: passing it on is a leak unless it is declared.
  const { remote } = thrown;
  if (remote === undefined) return true;
  return isDeclared({ name: remote.name, code: remote.code });
}

function identityOf(error: object): ErrorIdentity {
  const name = inherited(error, "name");
  const code = inherited(error, "code");
  const isText = typeof code === "string" || (typeof code === "number" && !isDomException(error));
  return {
    name: typeof name === "string" && name !== "" ? name : "Error",
    code: isText ? String(code) : undefined,
  };
}

const notAnError = "a value was thrown that is no error";

function messageOf(error: object): string {
  const message = inherited(error, "message");
  return typeof message === "string" ? message : notAnError;
}

function textOf(thrown: unknown): string {
  // The text of a function is its source.
  return typeof thrown === "function" ? notAnError : String(thrown);
}

// Newer V8s keep the stack behind a getter of their own, the same one on every error.
const nativeStack = Object.getOwnPropertyDescriptor(new Error("any"), "stack");

function stackOf(error: object): string | undefined {
  const property = Object.getOwnPropertyDescriptor(error, "stack");
  const isNative = property?.get !== undefined && property.get === nativeStack?.get;
  const stack: unknown = isNative ? Reflect.get(error, "stack") : property?.value;
  return typeof stack === "string" ? stack : undefined;
}

function causeOf(error: object): unknown {
  return dataProperty(error, "cause") ?? (isMyelinError(error) ? error.remote : undefined);
}

/** A property of an error or of its prototypes that is no getter; a DOMException has only getters. */
function inherited(error: object, key: "name" | "message" | "code"): unknown {
  if (isDomException(error)) return error[key];
  for (
    let at: object | null = error;
    at !== null;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    if (Object.hasOwn(at, key)) return dataProperty(at, key);
  }
  return undefined;
}

function isDomException(error: object): error is DOMException {
  return error instanceof DOMException;
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(limits.maxErrorTextBytes);

/** The beginning of a text: at most `maxErrorTextBytes` of UTF-8, and no half character. */
export function clipErrorText(text: string): string {
  if (text.length * 3 <= limits.maxErrorTextBytes) return text;
  const { read } = encoder.encodeInto(text, scratch);
  return read === text.length ? text : text.slice(0, read);
}

/**
 * What a peer says that its handler threw. Only the known fields are taken, each checked; what is
 * missing or of another type is left out, and what is too long is clipped. Never throws.
 */
export function decodeRemoteError(value: unknown): RemoteError {
  return decode(value, limits.maxErrorCauses);
}

function decode(value: unknown, causesLeft: number): RemoteError {
  const fields = typeof value === "object" && value !== null ? value : {};
  const text = (key: string): string | undefined => {
    const field = dataProperty(fields, key);
    return typeof field === "string" ? clipErrorText(field) : undefined;
  };
  const record: Mutable<RemoteError> = {
    name: text("name") ?? "Error",
    message: text("message") ?? "",
  };
  const code = text("code");
  if (code !== undefined) record.code = code;
  const stack = text("stack");
  if (stack !== undefined) record.stack = stack;
  const data = dataProperty(fields, "data");
  if (data !== undefined) record.data = data;
  const cause = dataProperty(fields, "cause");
  if (typeof cause === "object" && cause !== null && causesLeft > 0) {
    record.cause = decode(cause, causesLeft - 1);
  }
  return Object.freeze(record);
}

/** The error that a caller gets for what the handler threw: `ERR_REMOTE`, with the record inside. */
export function remoteError(remote: RemoteError, ran: Ran = "yes"): MyelinError {
  const { name, message } = remote;
  const text = name === "Error" ? message : `${name}: ${message}`;
  return new MyelinError("ERR_REMOTE", text, { remote, ran });
}
