/** What happens before a TLS connection stands: how long it may take, and what its failure means. */
import type { Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import { formatAddress } from "../address/address.ts";
import { handshakeFailed } from "../diagnostics.ts";
import { MyelinError, toMyelinError } from "../errors.ts";

/** Ends a dialled socket whose handshake takes too long. */
export function limitHandshake(socket: TLSSocket, address: string, timeoutMs: number): void {
  let timer: NodeJS.Timeout | undefined;
  socket.once("connect", () => {
    timer = setTimeout(() => {
      const message = `${address}: no TLS handshake within ${timeoutMs} ms; does the other side speak TLS on this port?`;
      socket.destroy(new MyelinError("ERR_TIMEOUT", message, { address }));
    }, timeoutMs);
    timer.unref();
  });
  const stop = (): void => clearTimeout(timer);
  socket.once("secureConnect", stop).once("close", stop);
}

/**
 * A handshake that fails is told on diagnostics, and concerns nobody else.
 * @param addressOf what was bound
 */
export function turnAwayStrangers(server: Server, addressOf: () => string): void {
  server.on("tlsClientError", (reason, socket) => {
    if (handshakeFailed.hasSubscribers) {
      const address = addressOf();
      const error = explainStranger(reason, socket, address);
      handshakeFailed.publish({ address, remote: remoteOf(socket), error });
    }
    // After a timeout Node leaves that to whoever hears of it.
    socket.destroy();
  });
}

function remoteOf(socket: TLSSocket): string | undefined {
  // A TLS socket that was destroyed has forgotten its peer; the socket below was asked in time.
  const { _parent: below } = socket as TLSSocket & { readonly _parent?: Socket | null };
  const { remoteAddress, remotePort } = socket.remoteAddress === undefined ? (below ?? {}) : socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return formatAddress({ scheme: "tls", host: remoteAddress, port: remotePort });
}

/** Node destroys a socket whose certificate it does not trust, and calls that a socket that hung up. */
function explainStranger(reason: Error, socket: TLSSocket, address: string): MyelinError {
  const { authorizationError } = socket as { readonly authorizationError?: unknown };
  if (typeof authorizationError !== "string") return explainHandshake(reason, address);
  const message = `the client's certificate is not trusted: ${authorizationError}`;
  return new MyelinError("ERR_TLS", message, { address, cause: reason });
}

/** Until its handshake is done nobody owns a socket: a server that closed would leave it waiting. */
export function endHandshakesWithServer(server: Server): void {
  const underWay = new Map<string, Socket>();
  // This also has each socket remember its peer, for when it is closed.
  const nameOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
  server.on("connection", (socket: Socket) => {
    const name = nameOf(socket);
    underWay.set(name, socket);
    socket.once("close", () => {
      if (underWay.get(name) === socket) underWay.delete(name);
    });
  });
  server.on("secureConnection", (socket) => underWay.delete(nameOf(socket)));
  const close = server.close.bind(server);
  server.close = (callback) => {
    close(callback);
    for (const socket of underWay.values()) socket.destroy();
    return server;
  };
}

/**
 * Before the handshake is done, an end without a word is what a refusal looks like; but also what a server
 * looks like that restarts, and a proxy whose server is gone. So it is no verdict, as an alert is: only a hint.
 */
export function explainHandshake(reason: unknown, address: string): MyelinError {
  const error = toMyelinError(reason, { address });
  if ((reason as NodeJS.ErrnoException).code !== "ECONNRESET") return error;
  const message = `${error.message} (the other side ended the handshake: does it speak TLS on this port, does it ask for a certificate?)`;
  return new MyelinError(error.code, message, { address, cause: reason });
}
