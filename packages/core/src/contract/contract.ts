/**
 * What two ends may say to each other, in one value that both import: names, kinds, types, schemas.
 * With plain types it costs nothing at run time but its names.
 */
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type Entries, type Entry, isEntry } from "./entry.ts";

/** Which end of a connection: the one that listens, or the one that dials. */
export type Side = "server" | "client";

/** What a contract is called; both ends tell it to each other. A difference alone is no refusal. */
export interface ContractAbout {
  /** For `authorize`, errors and tools. */
  name?: string;
  /** Of any form: nothing compares it but programs. */
  version?: string;
  /**
   * Names or codes of errors that handlers throw for callers to see, where `exposeErrors` is
   * `"declared"`. Of others the caller learns only that the handler failed.
   */
  errors?: readonly string[];
}

/** What each side handles, by name. Made by {@link contract}; it never changes. */
export interface Contract<Server extends Entries = Entries, Client extends Entries = Entries> {
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** What servers handle. */
  readonly server: ReadonlyMap<string, Entry>;
  /** What clients handle. */
  readonly client: ReadonlyMap<string, Entry>;
  readonly errors: ReadonlySet<string>;
  /** For the compiler only. */
  readonly "~types"?: { readonly server: Server; readonly client: Client };
}

/** The side that handles nothing. */
export type NoEntries = Readonly<Record<string, never>>;

/**
 * Makes a contract of what servers handle, `contract({ greet: call<...>() })`, or of what each side
 * handles, `contract({ server: {...}, client: {...} })`.
 * @throws {MyelinError} `ERR_CONFIG` when a name is empty, longer than 256 bytes or no text, or
 * something is no entry.
 */
export function contract<const Server extends Entries>(
  entries: Server,
  about?: ContractAbout,
): Contract<Server, NoEntries>;
export function contract<
  const Server extends Entries = NoEntries,
  const Client extends Entries = NoEntries,
>(sides: { server?: Server; client?: Client }, about?: ContractAbout): Contract<Server, Client>;
export function contract(given: object, about: ContractAbout = {}): Contract {
  checkPlain(given, "the entries");
  checkPlain(about, "what it says about itself");
  const { name, version, errors = [], ...unknown } = about;
  for (const key of Object.keys(unknown)) {
    throw wrong(`nothing can be said about it as "${key}"; there is name, version, errors`);
  }
  if (name !== undefined) checkName(name, "its name");
  if (version !== undefined) checkName(version, "its version");
  if (!Array.isArray(errors)) throw wrong("errors must be a list of names and codes");
  for (const error of errors) checkName(error, "the name or code of an error");
  const { server = {}, client = {} } = isSided(given) ? given : { server: given };
  return Object.freeze({
    name,
    version,
    server: mapOf(server, "server"),
    client: mapOf(client, "client"),
    errors: new Set(errors),
    [brand]: true,
  });
}

// Symbol.for: two copies of the library in one process agree on it.
const brand = Symbol.for("myelin.contract");

/** Whether a value was made by {@link contract}, of any copy of the library. */
export function isContract(value: unknown): value is Contract {
  return typeof value === "object" && value !== null && brand in value;
}

// `server` and `client` may also be names of entries: what they hold tells.
function isSided(given: object): given is { server?: object; client?: object } {
  const sides = Object.entries(given).filter(([key, value]) => isSide(key) && !isEntry(value));
  if (sides.length === 0) return false;
  const others = Object.keys(given).filter((key) => !sides.some(([side]) => side === key));
  if (others.length === 0) return true;
  throw wrong(
    `beside what the ${sides[0]?.[0]} handles stands "${others[0]}": either all entries, or ` +
      "{ server: {...}, client: {...} }",
  );
}

function isSide(key: string): key is Side {
  return key === "server" || key === "client";
}

function mapOf(entries: object, side: Side): ReadonlyMap<string, Entry> {
  checkPlain(entries, `what the ${side} handles`);
  const map = new Map<string, Entry>();
  // A Map, because names such as "constructor" mean nothing to it.
  for (const name of Reflect.ownKeys(entries)) {
    if (typeof name === "symbol") throw wrong(`a name must be text, not ${String(name)}`);
    checkName(name, "the name of an entry");
    const value: unknown = (entries as Readonly<Record<string, unknown>>)[name];
    if (!isEntry(value)) {
      const makers = "event(), call(), stream(), upload() or duplex()";
      throw wrong(`"${name}" is not made by ${makers}${hintFor(value)}`);
    }
    map.set(name, value);
  }
  return map;
}

function hintFor(value: unknown): string {
  return typeof value === "function" ? "; the parentheses may be missing" : "";
}

// `{ __proto__: call() }` makes no entry but another prototype, and the entry would be missing.
function checkPlain(value: object, what: string): void {
  const prototype: unknown =
    typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  const isPlain = prototype === null || (prototype !== undefined && isRoot(prototype));
  if (!isPlain) throw wrong(`${what} must be a plain object`);
}

// Of any realm: the prototype that has none itself.
function isRoot(prototype: unknown): boolean {
  return Object.getPrototypeOf(prototype) === null;
}

function checkName(name: string, what: string): void {
  if (typeof name !== "string") throw wrong(`${what} must be text, not ${typeof name}`);
  if (name === "") throw wrong(`${what} is empty`);
  // Half of a surrogate pair has no UTF-8: two such names would be one on the wire.
  if (/\p{Surrogate}/u.test(name)) throw wrong(`${what} is no valid Unicode text`);
  const bytes = new TextEncoder().encode(name).length;
  if (bytes > limits.maxNameBytes) {
    const limit = `the limit is ${limits.maxNameBytes}`;
    throw wrong(`${what} has ${bytes} bytes, ${limit}: ${name.slice(0, 32)}…`);
  }
}

function wrong(what: string): MyelinError {
  return new MyelinError("ERR_CONFIG", `contract(): ${what}`);
}
