/**
 * Connections between threads: a `MessagePort`, or a `Worker` and its `parentPort`. A port takes what
 * it is given without a limit and says nothing of its reader, so `send` never returns false.
 */
import { type MessagePort, parentPort, type Worker } from "node:worker_threads";
import { MyelinError } from "../errors.ts";
import { streamCapabilities } from "./capabilities.ts";
import { claimCarrier } from "./claim.ts";
import { MessageConnection } from "./message-connection.ts";
import { isSign, type MessageLink, ours, type Piece, type Receiver } from "./message-link.ts";
import { makeWay, type Way, type WaySource } from "./way.ts";

const address = Object.freeze({ scheme: "port" } as const);

/**
 * Leads to another thread of this process: over a `Worker` in the thread that made it, over
 * `"parent"` in the worker, over one end of a `MessageChannel` anywhere. A port carries one
 * connection in its life, and a `MessagePort` is closed with it; a `Worker` and its `parentPort`
 * stay the program's, and so do all messages on them that are not ours.
 *
 * A dial waits until the other side listens, and a listener hears of whoever dials: it does not
 * matter who comes first.
 *
 * @param source the port, `"parent"`, or a function that makes one for each dial. Without it the way
 * is for listening, and `accept` brings each worker.
 */
export function port(
  source?: WaySource<MessagePort | Worker> | "parent",
): Way<MessagePort | Worker> {
  return makeWay(
    {
      address,
      capabilities: streamCapabilities({ localOnly: true, credentials: false, feedback: false }),
      connect: (carrier, side) => {
        checkPort(carrier);
        claimCarrier(carrier, "this port");
        return new MessageConnection(new PortLink(carrier, side));
      },
    },
    source === "parent" ? ownPort : source,
    typeof source !== "function",
  );
}

function checkPort(carrier: Partial<MessagePort | Worker> | undefined | null): void {
  // A BroadcastChannel has only the first of the two.
  if (typeof carrier?.postMessage === "function" && typeof carrier.on === "function") return;
  const message = 'port(): takes a MessagePort, a Worker or "parent"';
  throw new MyelinError("ERR_CONFIG", message, { address: "port:" });
}

function ownPort(): MessagePort {
  if (parentPort !== null) return parentPort;
  const message = "port: leads from a worker to the thread that made it, and this is no worker";
  throw new MyelinError("ERR_UNSUPPORTED", message, { address: "port:" });
}

class PortLink implements MessageLink {
  readonly address = address;
  readonly pendingBytes = 0;
  readonly side: "dialled" | "accepted";
  readonly #port: MessagePort | Worker;
  #receiver: Receiver | undefined;

  constructor(carrier: MessagePort | Worker, side: "dialled" | "accepted") {
    this.#port = carrier;
    this.side = side;
  }

  listen(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#port.on("message", this.#onMessage);
    this.#port.on("messageerror", this.#onDamage);
    // A port closes, a worker exits.
    this.#port.on("close", this.#onGone);
    this.#port.on("exit", this.#onGone);
    if (hasEnded(this.#port)) this.#lost("the port was closed before, or its thread has ended");
  }

  post(piece: Piece): void {
    if (typeof piece === "number") this.#port.postMessage({ [ours]: piece });
    else this.#port.postMessage({ [ours]: piece }, [piece.buffer as ArrayBuffer]);
  }

  release(): void {
    this.#port.off("message", this.#onMessage);
    this.#port.off("messageerror", this.#onDamage);
    this.#port.off("close", this.#onGone);
    this.#port.off("exit", this.#onGone);
    // What was posted before arrives all the same.
    if ("close" in this.#port && this.#port !== parentPort) this.#port.close();
  }

  ref(): void {
    this.#port.ref();
  }

  unref(): void {
    this.#port.unref();
  }

  readonly #onMessage = (message: unknown): void => {
    if (typeof message !== "object" || message === null || !Object.hasOwn(message, ours)) return;
    const { [ours]: piece } = message as { readonly [ours]: unknown };
    if (isSign(piece) || piece instanceof Uint8Array) {
      this.#receiver?.received(piece);
    } else {
      this.#onDamage();
    }
  };

  readonly #onDamage = (): void => {
    this.#lost("a message arrived at the port that could not be read");
  };

  readonly #onGone = (): void => {
    this.#lost("the thread at the other end of the port is gone, or has closed it");
  };

  #lost(message: string): void {
    this.#receiver?.lost(new MyelinError("ERR_CONNECTION_LOST", message));
  }
}

/** Who comes after its last event hears of nothing any more. */
function hasEnded(carrier: MessagePort | Worker): boolean {
  if ("threadId" in carrier) return carrier.threadId === -1;
  const port = carrier as MessagePort & { hasRef?(): boolean };
  if (typeof port.hasRef !== "function") return false;
  // Node tells it nowhere; but one that is closed never keeps a process alive.
  const hadRef = port.hasRef();
  port.ref();
  const isOpen = port.hasRef();
  if (!hadRef) port.unref();
  return !isOpen;
}
