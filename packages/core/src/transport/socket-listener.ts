/** Listening, as every transport over a server of Node does it. */
import type { Server, Socket } from "node:net";
import type { Address } from "../address/address.ts";
import { formatAddress } from "../address/address.ts";
import { listenerFailed } from "../diagnostics.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { type Ends, socketConnection } from "./socket-connection.ts";
import { aborted } from "./socket-dial.ts";
import type { ListenOptions, SocketConnection, SocketListener } from "./transport.ts";

/** A server that is on its way to listen. */
export interface Binding {
  /** `listen` has been called on it, or will be once the address is free. */
  readonly server: Server;
  /** Settles when the server stands, or with the reason why it cannot. */
  readonly bound: Promise<void>;
  /** What was bound; asked after `bound`. */
  address(): Address;
}

/** Makes a server hand its connections to the owner of a listener. */
export function acceptInto(
  server: Server,
  event: "connection" | "secureConnection",
  ends: Ends,
  onConnection: (connection: SocketConnection) => void,
): void {
  server.on(event, (socket: Socket) => onConnection(socketConnection(socket, ends)));
}

/** Node takes any number as the limit, but not "no limit". */
export function limitConnections(server: Server, maxConnections: number): void {
  if (Number.isFinite(maxConnections)) server.maxConnections = maxConnections;
}

/** Waits for `listening`; rejects with the server's error, or when it was closed before. */
export function untilListening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      server.off("listening", onListening).off("error", onError).off("close", onClose);
      outcome();
    };
    const onListening = (): void => settle(resolve);
    const onError = (reason: Error): void => settle(() => reject(reason));
    const onClose = (): void =>
      settle(() => reject(new MyelinError("ERR_CLOSED", "the server was closed as it started")));
    server.on("listening", onListening).on("error", onError).on("close", onClose);
  });
}

/**
 * Carries a binding through; an abort ends it, whatever it is waiting for. The server exists, and
 * `onServer` has been called, before this returns.
 */
export async function listenSocket(
  address: string,
  bind: () => Binding,
  options: ListenOptions & { onServer?: (server: Server) => void },
): Promise<SocketListener> {
  const { signal, onServer } = options;
  if (signal?.aborted === true) throw aborted(address, signal);
  const binding = bind();
  const { server, bound } = binding;
  let onAbort: (() => void) | undefined;
  const abort = new Promise<never>((_, reject) => {
    onAbort = () => reject(aborted(address, signal));
    signal?.addEventListener("abort", onAbort);
  });
  try {
    onServer?.(server);
    await Promise.race([bound, abort]);
  } catch (reason) {
    if (server.listening) server.close();
    // Node cannot be kept from binding what it looks up; the address is free only after that.
    await bound.catch(() => {});
    if (server.listening) server.close();
    throw toMyelinError(reason, { address });
  } finally {
    if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
  }
  return new StreamListener(server, binding.address());
}

class StreamListener implements SocketListener {
  readonly server: Server;
  readonly address: Address;
  onError?: (error: MyelinError) => void;
  #closing: Promise<void> | undefined;

  constructor(server: Server, address: Address) {
    this.server = server;
    this.address = address;
    server.on("error", (reason) => this.#failed(toMyelinError(reason)));
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      // The server's own "close" waits for the last connection; the address is free at once, except
      // in a cluster, whose primary hears of it by a message.
      this.server.close();
      setImmediate(resolve);
    });
    return this.#closing;
  }

  ref(): void {
    this.server.ref();
  }

  unref(): void {
    this.server.unref();
  }

  #failed(error: MyelinError): void {
    if (listenerFailed.hasSubscribers) {
      listenerFailed.publish({ address: formatAddress(this.address), error });
    }
    this.onError?.(error);
  }
}
