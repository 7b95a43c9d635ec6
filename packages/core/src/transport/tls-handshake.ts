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

/** A handshake that fails is told on diagnostics, and concerns nobody else. */
export function turnAwayStrangers(server: Server, address: string): void {
  server.on("tlsClientError", (reason, socket) => {
    if (handshakeFailed.hasSubscribers) {
      const { remoteAddress, remotePort } = socket;
      const remote =
        remoteAddress === undefined || remotePort === undefined
          ? undefined
          : formatAddress({ scheme: "tls", host: remoteAddress, port: remotePort });
      handshakeFailed.publish({ address, remote, error: explainHandshake(reason, address) });
    }
    // After a timeout Node leaves that to whoever hears of it.
    socket.destroy();
  });
}

/** Until its handshake is done nobody owns a socket: a server that closed would leave it waiting. */
export function endHandshakesWithServer(server: Server): void {
  const underWay = new Map<string, Socket>();
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

/** Before the handshake is done, an end without a word is what a refusal looks like. */
export function explainHandshake(reason: unknown, address: string): MyelinError {
  const error = toMyelinError(reason, { address });
  if ((reason as NodeJS.ErrnoException).code !== "ECONNRESET") return error;
  const message = `${error.message} (the other side ended the handshake: does it speak TLS on this port, does it ask for a certificate?)`;
  return new MyelinError("ERR_TLS", message, { address, cause: reason });
}
