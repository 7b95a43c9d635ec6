/** Checks the options that clients and servers have in common. */
import { isContract } from "../contract/contract.ts";
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import {
  checkAll,
  checkObject,
  checkOption,
  isOptions,
  milliseconds,
  type OptionRules,
  refuseUndefined,
  type Shape,
} from "../options.ts";
import type { ConnectOptions } from "../peer/connect-options.ts";
import type { EndpointOptions } from "../peer/endpoint-options.ts";
import type { ServeOptions } from "../peer/serve-options.ts";
import { abortSignal, clock, has, isFunction, listOf, oneOf } from "./shapes.ts";

const anyTime = { min: 0, max: Number.POSITIVE_INFINITY };
const anyCount = { ...anyTime, isWhole: true };
const time = { ...milliseconds, min: 1 };
const some = { min: 1, max: Number.POSITIVE_INFINITY };
/** What the other end is told, and what it refuses to be told: `docs/protocol-myelin.md`, hello. */
const told = { min: 1, max: Number.MAX_SAFE_INTEGER, isWhole: true };
const toldBytes = { ...told, min: 1024 };

/** An object with options of its own, or `false`: none of it. */
const orFalse: Shape = {
  what: "an object or false",
  is: (value) => value === false || isOptions(value),
};

/** What becomes of messages while there is no connection. */
const offlinePolicy = oneOf(["queue", "drop", "reject"]);

const policyOrObject: Shape = {
  what: "a policy, or an object with one",
  is: (value) => typeof value === "string" || isOptions(value),
};

const common: OptionRules = {
  contract: { what: "made by contract()", is: isContract },
  ...{ handlers: "object", events: "object", use: listOf("functions", isFunction) },
  ...{ secret: "any", signal: abortSignal },
  ...{ insecureTransport: "boolean", exposeStacks: "boolean", unref: "boolean" },
  ...{ callTimeoutMs: anyTime, closeTimeoutMs: anyTime, cancelGraceMs: time },
  ...{ exposeErrors: oneOf(["full", "message", "declared"]), limits: "object" },
  slowPeer: oneOf(["wait", "drop-oldest", "drop-newest", "disconnect"]),
  ...{ resume: orFalse, heartbeat: orFalse },
  clock,
  ...{ unix: "object", tcp: "object", tls: "object" },
  transports: listOf("transports", (value) => has(value, ["dial", "listen"])),
  codecs: listOf("codecs", (value) => has(value, ["encode", "decode"])),
  ...{ structured: "boolean", rejectProtoKeys: "boolean" },
  ...{
    trace: { what: "a TracePropagator", is: (value) => has(value, ["current"]) },
    udp: "object",
    delimiter: "string",
  },
};

const own: Readonly<Record<"serve" | "connect", OptionRules>> = {
  serve: { ...common, authorize: "any", authorizeTimeoutMs: time, accept: "any", sniffMs: time },
  connect: {
    ...common,
    ...{
      timeoutMs: anyTime,
      retry: orFalse,
      lazy: "boolean",
      offline: policyOrObject,
      meta: "object",
    },
    dialect: "any",
  },
};

const endpointLimits: OptionRules = {
  ...{ maxMessageBytes: toldBytes, maxBinaryBytes: told, windowBytes: toldBytes },
  // Lengths on the wire have 32 bits.
  maxFrameBytes: { ...toldBytes, max: 0xffff_ffff },
  ...{ windowMessages: told, streamWindowBytes: toldBytes, maxInboundCalls: some },
  ...{ maxPendingCalls: some, handshakeTimeoutMs: time },
  ...{ highWaterMarkBytes: some, maxQueuedBytes: some },
  ...{ maxBufferedBytes: some, maxHeaderBytes: some, messageProgressTimeoutMs: time },
  // There are slots for so many, and the wire has no more.
  maxOpenMessages: { ...told, max: limits.maxOpenMessages },
  maxStreamWindowBytes: some,
};

const limitsOf: Readonly<Record<"serve" | "connect", OptionRules>> = {
  serve: {
    ...endpointLimits,
    ...{ maxPendingHandshakes: some, maxPeers: some, maxDetachedSessions: some },
    // A client never sends more than that.
    ...{ maxDetachedBytes: some, maxHelloBytes: { min: 1024, max: limits.maxHelloBytes } },
  },
  connect: endpointLimits,
};

/** @throws {MyelinError} `ERR_CONFIG` for an option that nobody knows or a value that cannot be. */
export function checkOptions(
  owner: "serve" | "connect",
  options: ServeOptions | ConnectOptions,
): void {
  checkObject(owner, options);
  checkAll(owner, "", options, own[owner]);
  refuseUndefined(owner, options, owner === "serve" ? ["secret", "authorize"] : ["secret"]);
  checkAll(owner, "limits.", options.limits ?? {}, limitsOf[owner]);
  const { heartbeat = false, resume = false } = options;
  if (resume !== false) checkAll(owner, "resume.", resume, { windowMs: time, bufferBytes: some });
  if (heartbeat !== false) checkAll(owner, "heartbeat.", heartbeat, { intervalMs: time });
}

/** The same for what only clients have. @throws {MyelinError} `ERR_CONFIG` */
export function checkConnectOptions({ offline = "queue", retry = false }: ConnectOptions): void {
  const given = typeof offline === "string" ? { policy: offline } : offline;
  const { maxAgeMs, policy } = given;
  checkOption("connect", "offline.policy", policy, offlinePolicy);
  checkAll("connect", "offline.", given, {
    ...{ policy: "any", maxBytes: some, maxMessages: some, maxAgeMs: anyTime },
  });
  if (maxAgeMs !== undefined && policy !== "queue") {
    throw new MyelinError("ERR_CONFIG", "connect(): offline.maxAgeMs is for what waits: queue");
  }
  if (retry === false) return;
  checkAll("connect", "retry.", retry, { minMs: anyTime, maxMs: anyTime, maxAttempts: anyCount });
  const { maxMs = Number.POSITIVE_INFINITY, minMs = 0 } = retry;
  if (minMs <= maxMs) return;
  throw new MyelinError(
    "ERR_CONFIG",
    `connect(): retry.minMs is ${minMs}, and maxMs only ${maxMs}`,
  );
}

/**
 * A secret authenticates a handshake; without TLS whoever is on the way can change what follows it.
 * @throws {MyelinError} `ERR_CONFIG`
 */
export function checkSecret(
  owner: string,
  { host = "", scheme }: { readonly scheme: string; readonly host?: string },
  options: Pick<EndpointOptions, "secret" | "insecureTransport">,
): void {
  const { insecureTransport = false, secret } = options;
  if (secret === undefined || insecureTransport || scheme !== "tcp" || isLoopback(host)) return;
  const what = `${host} is beyond this machine, and tcp protects nothing after the handshake`;
  const remedy = "use tls://, or say insecureTransport: true";
  throw new MyelinError("ERR_CONFIG", `${owner}(): a secret over tcp: ${what}; ${remedy}`);
}

/**
 * 127.0.0.0/8, RFC 1122 section 3.2.1.3, also as IPv6 writes it (RFC 4291 section 2.5.5.2), and ::1,
 * RFC 4291 section 2.5.3.
 */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(host);
}
