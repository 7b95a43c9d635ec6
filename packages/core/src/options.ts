/**
 * The options of the transports, their defaults (each written once, here), and their checks: what a
 * program passes is copied, never changed, and a wrong value is `ERR_CONFIG` before anything opens.
 */
import type { LookupFunction } from "node:net";
import { MyelinError } from "./errors.ts";
import { limits } from "./limits.ts";

/** Options of `unix()`, of `local()` and, as far as they apply, of `pipe()`. */
export interface UnixOptions {
  /**
   * Take over the socket file of a server that died. A file is dead only when connecting to it is
   * refused; a living server and a file that is no socket are never touched.
   * @defaultValue true
   */
  reclaim?: boolean;
  /**
   * Bind the path itself and leave its removal to Node: no probe, no reclaim. Workers of
   * `node:cluster` always do that, since their primary owns the path.
   * @defaultValue false
   */
  plain?: boolean;
  /** All users may read from the socket. Node sets the mode of the file. @defaultValue false */
  readableAll?: boolean;
  /** All users may write to the socket. @defaultValue false */
  writableAll?: boolean;
  /**
   * Connections beyond this number are closed at once: stops a flood of them from using up descriptors.
   * @defaultValue no limit
   */
  maxConnections?: number;
  /** Connections that the system keeps waiting to be accepted. @defaultValue 511, as Node's */
  backlog?: number;
}

/** Options of `tcp()`. */
export interface TcpOptions {
  /** Dial from this address of the machine. */
  localAddress?: string;
  /** Dial from this port. */
  localPort?: number;
  /** Dial only IPv4 (4) or IPv6 (6) addresses. @defaultValue 0, either */
  family?: 0 | 4 | 6;
  /** Flags for `dns.lookup`. */
  hints?: number;
  /** Replaces `dns.lookup`. */
  lookup?: LookupFunction;
  /** Send small writes at once (TCP_NODELAY). @defaultValue true */
  noDelay?: boolean;
  /** Let the system find dead peers of idle connections. @defaultValue false */
  keepAlive?: boolean;
  /** Idle time before the first of these probes. @defaultValue 0, what the system has */
  keepAliveInitialDelayMs?: number;
  /**
   * Connections beyond this number are closed at once: stops a flood of them from using up descriptors.
   * @defaultValue no limit
   */
  maxConnections?: number;
  /** Connections that the system keeps waiting to be accepted. @defaultValue 511, as Node's */
  backlog?: number;
  /** Listening on `::` does not take IPv4 as well. @defaultValue false */
  ipv6Only?: boolean;
  /** A worker of `node:cluster` has the port to itself. @defaultValue false */
  exclusive?: boolean;
}

/** Options of `udp()`. */
export interface UdpOptions {
  /**
   * Larger datagrams are refused with `ERR_TOO_LARGE`: the system would not send them, and what some
   * networks cut is lost as a whole when one piece of it is. @defaultValue 65,507
   */
  maxDatagramBytes?: number;
  /**
   * Sources remembered by a listener; the one longest unheard makes room. Stops forged addresses from
   * filling the memory. @defaultValue 1,000
   */
  maxPeers?: number;
  /**
   * A source unheard for so long is forgotten; its connection closes. Stops those that left without a
   * word from being remembered for ever. @defaultValue 60,000
   */
  peerIdleMs?: number;
}

/** Numbers from `min` to `max`; of those that the wire carries only whole ones. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly isWhole?: boolean;
}

/** A value that is known by what it has. */
export interface Shape {
  /** As an error names it: `an AbortSignal`. */
  readonly what: string;
  readonly is: (value: unknown) => boolean;
}

/** What an option may be: a range for numbers, the type of its value, or a shape. */
export type OptionRule = "boolean" | "string" | "function" | "object" | Range | Shape;

/** What each option may be; `any` is checked where it is used. */
export type OptionRules = Readonly<Record<string, OptionRule | "any">>;

const count = { min: 0, max: Number.POSITIVE_INFINITY };
// The longest that a timer of Node can wait: longer ones fire at once.
export const milliseconds: { readonly min: number; readonly max: number } = {
  min: 0,
  max: 2 ** 31 - 1,
};
const port = { min: 0, max: 65_535 };

const unix: Required<UnixOptions> = {
  reclaim: true,
  plain: false,
  readableAll: false,
  writableAll: false,
  maxConnections: Number.POSITIVE_INFINITY,
  backlog: 511,
};

const tcp: Required<Omit<TcpOptions, "localAddress" | "localPort" | "hints" | "lookup">> = {
  family: 0,
  noDelay: true,
  keepAlive: false,
  keepAliveInitialDelayMs: 0,
  maxConnections: Number.POSITIVE_INFINITY,
  backlog: 511,
  ipv6Only: false,
  exclusive: false,
};

const udp: Required<UdpOptions> = {
  maxDatagramBytes: limits.maxDatagramBytes,
  maxPeers: limits.maxDatagramPeers,
  peerIdleMs: limits.datagramPeerIdleMs,
};

/** Every default, written once. */
export const defaults: {
  readonly unix: Readonly<typeof unix>;
  readonly tcp: Readonly<typeof tcp>;
  readonly udp: Readonly<typeof udp>;
} = Object.freeze({
  unix: Object.freeze(unix),
  tcp: Object.freeze(tcp),
  udp: Object.freeze(udp),
});

export type ResolvedUnixOptions = typeof defaults.unix;
export type ResolvedTcpOptions = typeof defaults.tcp & TcpOptions;
export type ResolvedUdpOptions = typeof defaults.udp;

/** @throws {MyelinError} `ERR_CONFIG` */
export function resolveUnixOptions(owner: string, given: UnixOptions): ResolvedUnixOptions {
  return resolveOptions<ResolvedUnixOptions>(owner, given, defaults.unix, {
    reclaim: "boolean",
    plain: "boolean",
    readableAll: "boolean",
    writableAll: "boolean",
    maxConnections: count,
    backlog: count,
  });
}

/** @throws {MyelinError} `ERR_CONFIG` */
export function resolveTcpOptions(given: TcpOptions, owner = "tcp"): ResolvedTcpOptions {
  const resolved = resolveOptions<ResolvedTcpOptions>(owner, given, defaults.tcp, {
    localAddress: "string",
    localPort: port,
    family: { min: 0, max: 6 },
    hints: count,
    lookup: "function",
    noDelay: "boolean",
    keepAlive: "boolean",
    keepAliveInitialDelayMs: milliseconds,
    maxConnections: count,
    backlog: count,
    ipv6Only: "boolean",
    exclusive: "boolean",
  });
  if (![0, 4, 6].includes(resolved.family)) {
    throw new MyelinError(
      "ERR_CONFIG",
      `${owner}(): family must be 0, 4 or 6, not ${resolved.family}`,
    );
  }
  return resolved;
}

/** @throws {MyelinError} `ERR_CONFIG` */
export function resolveUdpOptions(given: UdpOptions): ResolvedUdpOptions {
  return resolveOptions<ResolvedUdpOptions>("udp", given, defaults.udp, {
    maxDatagramBytes: { min: 1, max: limits.maxDatagramBytes },
    maxPeers: { min: 1, max: Number.POSITIVE_INFINITY },
    peerIdleMs: { min: 1, max: milliseconds.max },
  });
}

/**
 * A checked copy of the options that `owner()` was given, defaults filled in. A key that is
 * undefined counts as left out; one that nobody knows is refused, since it is a mistyped one.
 * @throws {MyelinError} `ERR_CONFIG`
 */
function resolveOptions<Resolved extends object>(
  owner: string,
  given: Partial<Resolved>,
  defaults: Partial<Resolved>,
  rules: { readonly [Key in keyof Required<Resolved>]: OptionRule },
): Resolved {
  checkObject(owner, given);
  const resolved: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(rules, key)) {
      throw unknownOption(owner, key, Object.keys(rules));
    }
    if (value === undefined) continue;
    checkOption(owner, key, value, rules[key as keyof Resolved]);
    resolved[key] = value;
  }
  return resolved as Resolved;
}

/** Whether it may hold options: in a list, whatever was meant by it would be ignored. */
export function isOptions(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws {MyelinError} `ERR_CONFIG` for options that are no object */
export function checkObject(owner: string, options: unknown): void {
  if (isOptions(options)) return;
  throw new MyelinError("ERR_CONFIG", `${owner}(): options must be an object`);
}

/** A mistyped option would be ignored, and what was meant by it would not happen. */
export function unknownOption(owner: string, key: string, known: readonly string[]): MyelinError {
  const message = `${owner}() has no option "${key}"; it has ${known.join(", ")}`;
  return new MyelinError("ERR_CONFIG", message);
}

/**
 * Options that keep strangers out. One that is there and undefined is most likely a variable that was
 * not set; taken for absent, it would let everybody in.
 * @throws {MyelinError} `ERR_CONFIG`
 */
export function refuseUndefined(owner: string, given: object, keys: readonly string[]): void {
  for (const key of keys) {
    if (!(key in given) || Reflect.get(given, key) !== undefined) continue;
    const message = `${owner}(): \`${key}\` is given, but undefined: is a variable not set? Leave the option out to do without`;
    throw new MyelinError("ERR_CONFIG", message);
  }
}

/**
 * What is undefined counts as left out.
 * @throws {MyelinError} `ERR_CONFIG` for an option that nobody knows or a value that cannot be
 */
export function checkAll(owner: string, prefix: string, given: object, rules: OptionRules): void {
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    const name = `${prefix}${key}`;
    if (rule === undefined) throw unknownOption(owner, name, Object.keys(rules));
    if (rule !== "any") checkOption(owner, name, value, rule);
  }
}

/** @throws {MyelinError} `ERR_CONFIG` when an option's value is not what its rule says. */
export function checkOption(owner: string, key: string, value: unknown, rule: OptionRule): void {
  if (typeof rule === "string") {
    if (rule === "object" ? isOptions(value) : typeof value === rule) return;
    throw new MyelinError(
      "ERR_CONFIG",
      `${owner}(): ${key} must be ${rule === "object" ? "an" : "a"} ${rule}, not ${shown(value)}`,
    );
  }
  if ("is" in rule) {
    if (rule.is(value)) return;
    throw new MyelinError("ERR_CONFIG", `${owner}(): ${key} must be ${rule.what}`);
  }
  const { isWhole = false, max, min } = rule;
  const isNumber = typeof value === "number" && value >= min && value <= max;
  if (isNumber && (!isWhole || Number.isInteger(value) || value === Number.POSITIVE_INFINITY))
    return;
  const range = `a ${isWhole ? "whole " : ""}number from ${min} to ${max}`;
  throw new MyelinError("ERR_CONFIG", `${owner}(): ${key} must be ${range}, not ${shown(value)}`);
}

/** Any value, as an error shows it: the text "1" is no number, and must not look like one. Never throws. */
export function shown(value: unknown): string {
  try {
    if (Array.isArray(value)) return "an array";
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  } catch {
    return "a value that has no text";
  }
}
