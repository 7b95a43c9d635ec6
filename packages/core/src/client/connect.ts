/** `connect()`: a client of a server. */
import { abortedError, unwatchAbort, watchAbort } from "../abort-watch.ts";
import { type Address, toAddress } from "../address/address.ts";
import type { Contract } from "../contract/contract.ts";
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Client } from "../peer/client.ts";
import type { ConnectOptions, OfflineOptions, RetryOptions } from "../peer/connect-options.ts";
import { checkDatagramOptions } from "../session/datagrams/datagram-options.ts";
import { Endpoint } from "../session/endpoint.ts";
import { checkConnectOptions, checkOptions, checkSecret } from "../session/endpoint-options.ts";
import { nodeIpcDelimiter } from "../session/node-ipc/node-ipc-options.ts";
import type { SessionPeer } from "../session/peers/session-peer.ts";
import { timeLimit } from "../session/time-limit.ts";
import { transportOf } from "../transport/by-address.ts";
import type { Way } from "../transport/way.ts";
import { DatagramClient } from "./datagram-client.ts";
import type { LiveClient } from "./live-client.ts";
import { MyelinClient, type MyelinClientOptions } from "./myelin-client.ts";
import { NodeIpcClient } from "./node-ipc-client.ts";

/** Where to connect to: an address as text or as data, or a way to another. */
export type ConnectAddress = string | Address | Way<never>;

const defaultTimeoutMs = 10_000;

/**
 * Connects to a server.
 * @returns when the server has welcomed it; with `lazy` at once.
 * @throws {MyelinError} `ERR_TIMEOUT` and `ERR_ABORTED` when there was no welcome until then; at once
 * what another attempt would not mend, such as `ERR_AUTHENTICATION`, `ERR_REFUSED`, `ERR_VERSION`,
 * `ERR_INVALID_ADDRESS`; with `retry: false` any first failure.
 */
export function connect<C extends Contract = Contract>(
  address: ConnectAddress,
  options?: ConnectOptions<C>,
): Promise<Client<C>>;
export async function connect(
  address: ConnectAddress,
  given: ConnectOptions = {},
): Promise<Client> {
  checkOptions("connect", given);
  checkConnectOptions(given);
  const { lazy = false, signal } = given;
  const patience = lazy ? 0 : defaultTimeoutMs;
  const timeoutMs = timeLimit("connect(): timeoutMs", given.timeoutMs ?? patience);
  if (signal?.aborted === true) throw abortedError("connect()", signal.reason);
  const endpoint = new Endpoint<SessionPeer>("client", given);
  const settings = settingsOf(address, given);
  checkSecret("connect", settings.address, given);
  const client = clientOf(endpoint, settings, given);
  if (given.unref === true) client.unref();
  client.begin();
  const welcomed = untilWelcome(client, endpoint, given, timeoutMs);
  // Who connects lazily hears of it by the client's `closed`.
  if (lazy) welcomed.catch(() => {});
  else await welcomed;
  return client;
}

/** What a client speaks depends on what its server does, and on whether datagrams are all there is. */
function clientOf(
  endpoint: Endpoint<SessionPeer>,
  settings: MyelinClientOptions,
  options: ConnectOptions,
): LiveClient {
  const delimiter = nodeIpcDelimiter(options);
  if (!settings.transport.capabilities.stream) {
    checkDatagramOptions("connect", options);
    return new DatagramClient(endpoint, settings);
  }
  if (delimiter !== undefined) return new NodeIpcClient(endpoint, settings, delimiter);
  return new MyelinClient(endpoint, settings);
}

async function untilWelcome(
  client: LiveClient,
  { clock }: Endpoint<SessionPeer>,
  { lazy = false, signal }: ConnectOptions,
  timeoutMs: number,
): Promise<void> {
  const abortable = {
    aborted: (reason: unknown) => client.giveUp(abortedError("connect()", reason)),
  };
  const timer =
    timeoutMs > 0
      ? clock.setTimeout(() => {
          const { address, lastError: cause, obstacle } = client;
          const last = cause === undefined ? "" : `; the last attempt: ${cause.message}`;
          const why = obstacle === undefined ? last : `: ${obstacle}`;
          const message = `${address}: no welcome within ${timeoutMs} ms${why}`;
          const options = cause === undefined ? { address } : { address, cause };
          client.giveUp(new MyelinError("ERR_TIMEOUT", message, options));
        }, timeoutMs)
      : undefined;
  // The process waits for this as it would for any other connecting; for a client, as that says.
  if (!lazy) timer?.ref();
  if (signal !== undefined) watchAbort(signal, abortable);
  try {
    await client.first;
  } finally {
    clock.clearTimeout(timer);
    if (signal !== undefined) unwatchAbort(signal, abortable);
  }
}

function settingsOf(address: ConnectAddress, options: ConnectOptions): MyelinClientOptions {
  const { meta = {}, offline = "queue", retry = {} } = options;
  const where =
    typeof address === "object" && address !== null && "dial" in address
      ? { transport: address, address: address.address }
      : whereOf(toAddress(address), options);
  return {
    ...where,
    meta: checkedMeta(meta),
    welcomeTimeoutMs: options.limits?.handshakeTimeoutMs ?? limits.welcomeTimeoutMs,
    checkRemote: (remote) => checkSecret("connect", remote, options),
    // There is no other connection to be had.
    retry: retry === false || where.transport.dialsOnce === true ? undefined : resolvedRetry(retry),
    offline: resolvedOffline(typeof offline === "string" ? { policy: offline } : offline),
  };
}

function resolvedOffline({
  policy,
  maxBytes = 16 * 1024 * 1024,
  maxMessages = 10_000,
  maxAgeMs = 0,
}: OfflineOptions): Required<OfflineOptions> {
  return { policy, maxBytes, maxMessages, maxAgeMs };
}

function resolvedRetry({
  maxAttempts = Number.POSITIVE_INFINITY,
  minMs = 100,
  maxMs = Math.max(30_000, minMs),
}: RetryOptions): Required<RetryOptions> {
  return { minMs, maxMs, maxAttempts };
}

/** @throws {MyelinError} `ERR_CONFIG` */
function checkedMeta(meta: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(meta)) {
    if (typeof value === "string") continue;
    throw new MyelinError("ERR_CONFIG", `connect(): meta.${key} must be a string`);
  }
  return meta;
}

function whereOf(
  address: Address,
  options: ConnectOptions,
): Pick<MyelinClientOptions, "transport" | "address"> {
  return { address, transport: transportOf(address, options) };
}
