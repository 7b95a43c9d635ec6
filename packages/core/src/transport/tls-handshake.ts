/** What happens before a TLS connection stands: how long it may take, and what its failure means. */
import type { Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import { formatAddress } from "../address/address.ts";
import { handshakeFailed } from "../diagnostics.ts";
import { MyelinError, toMyelinError } from "../errors.ts";
import { oneWhoHasWaitedLong } from "./long-waiting.ts";
import { judgeCertificates, notTrusted, sendAway } from "./tls-trust.ts";

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

export interface DoorOptions {
  /** So many handshakes may be under way at once: one that has waited long makes room for the next. */
  readonly max: number;
  readonly timeoutMs: number;
  /** Only those get in whose certificate is trusted. */
  readonly wantsCertificates: boolean;
  /** What the others are told, where Node lets them through the handshake. */
  readonly refusal: ((why: string) => Uint8Array) | undefined;
  /** Called for each that failed. */
  readonly onFailed: (() => void) | undefined;
  /** What was bound. */
  readonly addressOf: () => string;
}

/** A handshake that fails is told on diagnostics, and concerns nobody else. */
export function turnAwayStrangers(server: Server, options: DoorOptions): void {
  const { addressOf, onFailed, refusal } = options;
  const underWay = new HandshakesUnderWay(server, options);
  if (options.wantsCertificates) {
    judgeCertificates(server, (socket, why) => {
      onFailed?.();
      if (handshakeFailed.hasSubscribers) {
        const address = addressOf();
        const error = new MyelinError("ERR_TLS", why.here, { address });
        handshakeFailed.publish({ address, remote: remoteOf(socket), error });
      }
      // It stays one of those under way until it is gone.
      sendAway(socket, refusal?.(why.there), underWay.remainingMs(socket));
    });
  }
  server.on("tlsClientError", (reason, socket) => {
    onFailed?.();
    if (handshakeFailed.hasSubscribers) {
      const address = addressOf();
      const error = underWay.isTurnedAway(socket)
        ? new MyelinError("ERR_BUSY", "too many TLS handshakes are under way", { address })
        : explainStranger(reason, socket, address);
      handshakeFailed.publish({ address, remote: remoteOf(socket), error });
    }
    // After a timeout Node leaves that to whoever hears of it.
    socket.destroy();
  });
}

function remoteOf(socket: TLSSocket): string | undefined {
  // A TLS socket that was destroyed has forgotten its peer; the socket below was asked in time.
  const { remoteAddress, remotePort } =
    socket.remoteAddress === undefined ? (belowOf(socket) ?? {}) : socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return formatAddress({ scheme: "tls", host: remoteAddress, port: remotePort });
}

/** Node destroys a socket whose certificate it does not trust, and calls that a socket that hung up. */
function explainStranger(reason: Error, socket: TLSSocket, address: string): MyelinError {
  const { authorizationError } = socket as { readonly authorizationError?: unknown };
  if (typeof authorizationError !== "string") return explainHandshake(reason, address);
  const message = notTrusted(authorizationError);
  return new MyelinError("ERR_TLS", message, { address, cause: reason });
}

/** Until its handshake is done nobody owns a socket: it is counted here, and ends with the server. */
class HandshakesUnderWay {
  readonly #max: number;
  readonly #timeoutMs: number;
  /** Who came first is first. */
  readonly #sockets = new Set<Socket>();
  readonly #byName = new Map<string, Socket>();
  readonly #since = new WeakMap<Socket, number>();
  readonly #turnedAway = new WeakSet<Socket>();

  constructor(server: Server, { max, timeoutMs }: DoorOptions) {
    this.#max = max;
    this.#timeoutMs = timeoutMs;
    server.on("connection", (socket: Socket) => this.#began(socket));
    server.on("secureConnection", (socket) => {
      const below = this.#byName.get(nameOf(socket));
      if (below !== undefined) this.#ended(below);
    });
    const close = server.close.bind(server);
    server.close = (callback) => {
      close(callback);
      for (const socket of this.#sockets) socket.destroy();
      return server;
    };
  }

  /** What is left of its time. */
  remainingMs(socket: TLSSocket): number {
    const below = this.#byName.get(nameOf(socket));
    const since = below === undefined ? undefined : this.#since.get(below);
    return since === undefined ? 0 : this.#timeoutMs - (performance.now() - since);
  }

  /** Another one has its place. */
  isTurnedAway(socket: TLSSocket): boolean {
    const below = belowOf(socket);
    return below !== undefined && this.#turnedAway.has(below);
  }

  #began(socket: Socket): void {
    if (this.#sockets.size >= this.#max) this.#turnOneAway();
    // This also has each socket remember its peer, for when it is closed.
    const name = nameOf(socket);
    this.#sockets.add(socket);
    this.#byName.set(name, socket);
    this.#since.set(socket, performance.now());
    socket.once("close", () => this.#ended(socket));
  }

  #ended(socket: Socket): void {
    const name = nameOf(socket);
    this.#sockets.delete(socket);
    if (this.#byName.get(name) === socket) this.#byName.delete(name);
  }

  #turnOneAway(): void {
    const socket = oneWhoHasWaitedLong(this.#sockets, Math.random);
    if (socket === undefined) return;
    this.#turnedAway.add(socket);
    this.#ended(socket);
    socket.destroy();
  }
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** The socket that carries the encrypted bytes. */
function belowOf(socket: TLSSocket): Socket | undefined {
  const { _parent: below } = socket as TLSSocket & { readonly _parent?: Socket | null };
  return below ?? undefined;
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
