/** `serve()`: listens, and lets clients in. */
import { type Address, formatAddress, isPrivate, toAddress } from "../address/address.ts";
import type { Contract } from "../contract/contract.ts";
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { ServeOptions } from "../peer/serve-options.ts";
import type { Server } from "../peer/server.ts";
import { checkDatagramOptions } from "../session/datagrams/datagram-options.ts";
import { Endpoint } from "../session/endpoint.ts";
import { checkOptions, checkSecret } from "../session/endpoint-options.ts";
import { certificateRefusal } from "../session/handshake/certificate-refusal.ts";
import { acceptSettings } from "../session/node-ipc/node-ipc-options.ts";
import type { SessionPeer } from "../session/peers/session-peer.ts";
import { transportOf } from "../transport/by-address.ts";
import type { Listener, ListenOptions, Transport } from "../transport/transport.ts";
import type { Way } from "../transport/way.ts";
import { Gate, idOf, type Place } from "./gate.ts";
import { LiveServer } from "./live-server.ts";

/** Where to listen: an address as text or as data, or a way to others. */
export type ServeAddress = string | Address | Way<never>;

/**
 * Listens at an address, or at several, and lets clients in.
 * @returns when all of them are bound.
 * @throws {MyelinError} when one of them cannot be bound: none is then. `ERR_ADDRESS_IN_USE`,
 * `ERR_INVALID_ADDRESS`, `ERR_PERMISSION`, `ERR_ABORTED`, `ERR_CONFIG` and others of the transport.
 */
export function serve<C extends Contract = Contract>(
  address: ServeAddress | readonly ServeAddress[],
  options?: ServeOptions<C>,
): Promise<Server<C>>;
export async function serve(
  address: ServeAddress | readonly ServeAddress[],
  given: ServeOptions = {},
): Promise<Server> {
  checkOptions("serve", given);
  const { authorize, nodeIpc } = acceptSettings(given);
  const endpoint = new Endpoint<SessionPeer>("server", given);
  const addresses = Array.isArray(address)
    ? (address as readonly ServeAddress[])
    : [address as ServeAddress];
  if (addresses.length === 0) throw new MyelinError("ERR_CONFIG", "serve(): no address was given");
  const targets = addresses.map((each) => targetOf(each, given));
  for (const target of targets) {
    checkSecret("serve", target.address, given);
    if (!target.transport.capabilities.stream) checkDatagramOptions("serve", given);
  }
  const sizes = given.limits ?? {};
  const welcomeTimeoutMs = sizes.handshakeTimeoutMs ?? limits.welcomeTimeoutMs;
  const authorizeTimeoutMs =
    given.authorizeTimeoutMs ?? Math.min(limits.authorizeTimeoutMs, (welcomeTimeoutMs * 4) / 5);
  if (authorizeTimeoutMs > welcomeTimeoutMs) {
    const message = `serve(): authorizeTimeoutMs is part of limits.handshakeTimeoutMs (${welcomeTimeoutMs}), here and at each client: raise that, too`;
    throw new MyelinError("ERR_CONFIG", message);
  }
  const maxPendingHandshakes = sizes.maxPendingHandshakes ?? limits.maxPendingHandshakes;
  const gate = new Gate({
    endpoint,
    instance: idOf(endpoint.clock.randomBytes(12)),
    authorize,
    nodeIpc,
    ...{ authorizeTimeoutMs, welcomeTimeoutMs },
    maxHelloBytes: sizes.maxHelloBytes ?? limits.maxHelloBytes,
    maxPendingHandshakes,
    maxPeers: sizes.maxPeers ?? limits.maxPeers,
  });
  const listeners = await listenAll(targets, gate, {
    clock: endpoint.clock,
    handshakes: {
      max: maxPendingHandshakes,
      timeoutMs: welcomeTimeoutMs,
      // Clients of node-ipc would not understand it; an alert of TLS they do.
      refusal: nodeIpc === undefined ? certificateRefusal : undefined,
      onFailed: () => {
        gate.refused += 1;
      },
    },
    given,
  });
  const bound = listeners.flatMap((listener) => boundBy(listener).map(formatAddress));
  const server = new LiveServer(endpoint, gate, listeners, bound, {
    maxDetachedSessions: sizes.maxDetachedSessions ?? limits.maxDetachedSessions,
    maxDetachedBytes: sizes.maxDetachedBytes ?? limits.maxDetachedBytes,
  });
  gate.open(server);
  if (given.unref === true) server.unref();
  return server;
}

interface Target {
  readonly transport: Transport;
  readonly address: Address;
}

function targetOf(address: ServeAddress, options: ServeOptions): Target {
  if (typeof address === "object" && address !== null && "listen" in address) {
    return { transport: address, address: address.address };
  }
  const parsed = toAddress(address);
  return { transport: transportOf(parsed, options), address: parsed };
}

function boundBy({ address, addresses = [address] }: Listener): readonly Address[] {
  return addresses;
}

interface ListenSettings extends Pick<ListenOptions, "clock" | "handshakes"> {
  readonly given: ServeOptions;
}

/** Binds all of them, or none. */
async function listenAll(
  targets: readonly Target[],
  gate: Gate,
  { given: options, ...settings }: ListenSettings,
): Promise<Listener[]> {
  const { signal } = options;
  const listeners: Listener[] = [];
  try {
    for (const { address, transport } of targets) {
      const place: { address: string } & Place = {
        address: formatAddress(address),
        isLocal: transport.capabilities.localOnly,
        isPrivate: isPrivate(address),
      };
      const admit: Parameters<Transport["listen"]>[1] = (connection) => {
        gate.admit(connection, place);
      };
      const screen = gate.screen(place);
      const listener = await transport.listen(address, admit, { ...settings, signal, screen });
      listeners.push(listener);
      place.address = formatAddress(listener.address);
      // Where an inherited socket listens is not known before.
      for (const bound of boundBy(listener)) checkSecret("serve", bound, options);
    }
    return listeners;
  } catch (reason) {
    gate.close();
    await Promise.allSettled(listeners.map((listener) => listener.close()));
    throw reason;
  }
}
