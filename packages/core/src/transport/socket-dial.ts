/** Dialling, as every transport over a socket of Node does it: one attempt, one outcome. */
import type { Socket } from "node:net";
import { MyelinError, toMyelinError } from "../errors.ts";
import { type Ends, socketConnection } from "./socket-connection.ts";
import type { DialOptions, SocketConnection } from "./transport.ts";

/** What differs between transports. */
export interface DialPlan {
  /** The address, for messages. */
  readonly address: string;
  readonly ends: Ends;
  /** The event after which the socket may be used. */
  readonly ready: "connect" | "secureConnect";
  /** Opens the socket. What it throws rejects the dial. */
  open(): Socket;
  /** Puts a failure into words, instead of {@link toMyelinError}. */
  explain?(reason: unknown): MyelinError;
}

/**
 * Opens a socket and waits until it is ready. The socket exists, and `onSocket` has been called,
 * before this returns; a rejection comes after the socket was closed.
 */
export function dialSocket(
  plan: DialPlan,
  options: DialOptions & { onSocket?: (socket: Socket) => void },
): Promise<SocketConnection> {
  const { address } = plan;
  const { signal, onSocket } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(aborted(address, signal));
      return;
    }
    const explain = (reason: unknown): MyelinError =>
      plan.explain?.(reason) ?? toMyelinError(reason, { address });
    let socket: Socket;
    try {
      socket = plan.open();
    } catch (reason) {
      reject(explain(reason));
      return;
    }
    let failure: MyelinError | undefined;
    const onAbort = (): void => {
      failure ??= aborted(address, signal);
      socket.destroy();
    };
    const onError = (reason: Error): void => {
      failure ??= explain(reason);
    };
    const onClose = (): void => {
      release();
      reject(failure ?? closedEarly(address));
    };
    const onReady = (): void => {
      // Aborted in the same turn: the socket is on its way out already.
      if (socket.destroyed) return;
      release();
      resolve(socketConnection(socket, plan.ends));
    };
    const release = (): void => {
      signal?.removeEventListener("abort", onAbort);
      socket.off("error", onError).off("close", onClose).off(plan.ready, onReady);
    };
    signal?.addEventListener("abort", onAbort);
    socket.on("error", onError).on("close", onClose).on(plan.ready, onReady);
    onSocket?.(socket);
  });
}

/** The error of an attempt that its caller gave up; the signal's reason is the cause. */
export function aborted(address: string, signal: AbortSignal | undefined): MyelinError {
  const cause: unknown = signal?.reason;
  return new MyelinError("ERR_ABORTED", `${address}: given up by the caller`, { address, cause });
}

function closedEarly(address: string): MyelinError {
  const message = `${address}: the connection closed before it stood`;
  return new MyelinError("ERR_CONNECTION_LOST", message, { address });
}
