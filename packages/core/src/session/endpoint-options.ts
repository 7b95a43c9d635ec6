/** Checks the options that clients and servers have in common. */
import { MyelinError } from "../errors.ts";
import { checkOption, milliseconds } from "../options.ts";
import type { EndpointOptions, SlowPeerPolicy } from "../peer/endpoint-options.ts";

const anyTime = { min: 0, max: Number.POSITIVE_INFINITY };
const some = { min: 1, max: Number.POSITIVE_INFINITY };

/**
 * @throws {MyelinError} `ERR_CONFIG` for a value that cannot be; `ERR_UNSUPPORTED` for what this
 * version does not do: an option that were silently ignored would be a false promise.
 */
export function checkOptions(owner: string, options: EndpointOptions): void {
  for (const [key, value] of Object.entries(notBuilt(options))) {
    if (!value) continue;
    throw new MyelinError("ERR_UNSUPPORTED", `${owner}(): ${key} is not supported yet`);
  }
  const { slowPeer } = options;
  if (slowPeer !== undefined && !slowPeerPolicies.includes(slowPeer)) {
    const known = slowPeerPolicies.join(", ");
    throw new MyelinError("ERR_CONFIG", `${owner}(): slowPeer must be one of ${known}`);
  }
  for (const key of ["callTimeoutMs", "closeTimeoutMs"] as const) {
    const value = options[key];
    if (value !== undefined) checkOption(owner, key, value, anyTime);
  }
  const { heartbeat = false, resume = false } = options;
  if (resume !== false && resume.windowMs !== undefined) {
    checkOption(owner, "resume.windowMs", resume.windowMs, { ...milliseconds, min: 1 });
  }
  if (heartbeat !== false && heartbeat.intervalMs !== undefined) {
    checkOption(owner, "heartbeat.intervalMs", heartbeat.intervalMs, { ...milliseconds, min: 1 });
  }
  for (const [key, value] of Object.entries(options.limits ?? {})) {
    if (value === undefined) continue;
    checkOption(owner, `limits.${key}`, value, key.endsWith("Ms") ? milliseconds : some);
  }
}

const slowPeerPolicies: readonly SlowPeerPolicy[] = [
  "wait",
  "drop-oldest",
  "drop-newest",
  "disconnect",
];

function notBuilt(options: EndpointOptions): Readonly<Record<string, boolean>> {
  const { resume } = options;
  return {
    "resume.bufferBytes": typeof resume === "object" && resume.bufferBytes !== undefined,
    codecs: options.codecs !== undefined,
    structured: options.structured === true,
    rejectProtoKeys: options.rejectProtoKeys === true,
    trace: options.trace !== undefined,
    udp: options.udp !== undefined,
  };
}
