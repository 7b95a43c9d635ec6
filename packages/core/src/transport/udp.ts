/**
 * UDP: single datagrams, without promises: each arrives once, twice or never, in any order. Each
 * source of datagrams is a connection; nobody says goodbye, so sources are forgotten with time.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type Address, formatAddress } from "../address/address.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import { resolveUdpOptions, type UdpOptions } from "../options.ts";
import { isClusterWorker } from "./cluster-worker.ts";
import { bindDatagram } from "./datagram.ts";
import { DatagramConnection } from "./datagram-connection.ts";
import { checkNetworkAddress } from "./network.ts";
import { aborted } from "./socket-dial.ts";
import type { Connection, DialOptions, Transport } from "./transport.ts";
import { UdpListener, type UdpSettings } from "./udp-listener.ts";

/**
 * Exchanges single datagrams over UDP, IPv4 and IPv6. A listener's connections share its socket: they
 * end with it, when their source has been silent for `peerIdleMs`, or when `maxPeers` others were
 * heard since. What comes before `open` or while paused waits, up to 64 KiB, and is dropped beyond.
 */
export function udp(options: UdpOptions = {}): Transport {
  const resolved = settingsOf(options);
  return {
    scheme: "udp",
    capabilities: {
      stream: false,
      ordered: false,
      localOnly: false,
      credentials: false,
      feedback: false,
      exclusive: true,
      halfClose: false,
    },
    dial: (address, dialOptions = {}) => dial(address, resolved, dialOptions),
    async listen(address, onConnection, listenOptions = {}) {
      const { host, port } = checkNetworkAddress(address, "udp");
      const family = await familyOf(host);
      let listener: UdpListener | undefined = undefined;
      const endpoint = await bindDatagram(
        { host, port, family },
        {
          onDatagram: (bytes, source) => listener?.received(bytes, source),
          onError: (error) => listener?.failed(error),
          onClose: () => listener?.closed(),
        },
        // Workers of a cluster would share one socket, and each would miss what another was handed.
        { exclusive: true, signal: listenOptions.signal },
      ).catch((reason: unknown) => {
        throw bindError(reason, formatAddress(address));
      });
      listener = new UdpListener(endpoint, resolved, onConnection, listenOptions);
      return listener;
    },
  };
}

async function dial(
  address: Address,
  options: UdpSettings,
  { signal }: DialOptions,
): Promise<Connection> {
  const remote = checkNetworkAddress(address, "udp");
  const text = formatAddress(address);
  const family = await familyOf(remote.host);
  let connection: DatagramConnection | undefined = undefined;
  const endpoint = await bindDatagram(
    { host: family === 6 ? "::" : "0.0.0.0", port: 0, family },
    {
      onDatagram: (bytes) => connection?.received(bytes),
      onError: (error) => connection?.failed(error),
      onClose: () => connection?.finish(undefined),
    },
    // Workers of a cluster would share "port 0", and each other's answers.
    { exclusive: true, signal },
  );
  const { socket } = endpoint;
  try {
    // A connected socket hears only its peer, and learns when nobody listens there.
    await new Promise<void>((resolve, reject) => {
      socket.connect(remote.port, remote.host, (reason?: Error) => {
        if (reason === undefined) resolve();
        else reject(reason);
      });
    });
    if (signal?.aborted === true) throw aborted(text, signal);
  } catch (reason) {
    await endpoint.close();
    throw toMyelinError(reason, { address: text });
  }
  const { address: host, port } = socket.address();
  connection = new DatagramConnection({
    side: "dialled",
    local: { scheme: "udp", host, port },
    remote,
    maxDatagramBytes: options.maxDatagramBytes,
    safeDatagramBytes: options.safeDatagramBytes,
    queuedBytes: () => socket.getSendQueueSize(),
    transmit: (data, onSent) => socket.send(data, onSent),
    release: () => void endpoint.close(),
    ref: () => void socket.ref(),
    unref: () => void socket.unref(),
  });
  return connection;
}

/** Elsewhere workers of a cluster can share an address, so they are told that here they cannot. */
function bindError(reason: unknown, address: string): MyelinError {
  const error = toMyelinError(reason);
  if (error.code !== "ERR_ADDRESS_IN_USE" || !isClusterWorker()) return error;
  const what = "workers of node:cluster cannot share a port over UDP";
  const way = "give each a port of its own, or serve in one process only";
  const message = `${address} is in use; ${what}: ${way}`;
  return new MyelinError("ERR_ADDRESS_IN_USE", message, { address, cause: reason });
}

/** Who asks for large datagrams knows a network that carries them. */
function settingsOf(options: UdpOptions): UdpSettings {
  const resolved = resolveUdpOptions(options);
  const { maxDatagramBytes = limits.eventDatagramBytes } = options;
  return { ...resolved, safeDatagramBytes: Math.min(resolved.maxDatagramBytes, maxDatagramBytes) };
}

/** Names are looked up once, so that the socket is of the family that is then used. */
async function familyOf(host: string): Promise<4 | 6> {
  const family = isIP(host);
  if (family === 4 || family === 6) return family;
  try {
    return (await lookup(host)).family === 6 ? 6 : 4;
  } catch (reason) {
    throw toMyelinError(reason);
  }
}
