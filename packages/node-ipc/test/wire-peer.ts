// A peer that is no node-ipc at all: it sends whatever bytes a test wants and keeps what it gets.
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { inTime, until } from "./scenario.ts";

/** One end of a plain socket. */
export class WirePeer {
  readonly socket: net.Socket;
  readonly #chunks: Buffer[] = [];
  #closed = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on("error", () => {}); // A reset is how some tests end; "close" follows.
    socket.on("close", () => {
      this.#closed = true;
    });
    onTestFinished(() => {
      socket.destroy();
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The complete frames so far, as text, without the delimiter. */
  frames(delimiter = "\f"): string[] {
    return this.bytes.toString("utf8").split(delimiter).slice(0, -1);
  }

  async frameCount(count: number, delimiter = "\f"): Promise<string[]> {
    await until(() => this.frames(delimiter).length >= count, `${count} frames`);
    return this.frames(delimiter);
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  async untilClosed(): Promise<void> {
    await until(() => this.#closed, "the connection to be closed");
  }
}

/** A frame as every version writes it. */
export function frame(type: unknown, data: unknown = {}, delimiter = "\f"): string {
  return JSON.stringify({ type, data }) + delimiter;
}

/** Connects to a path or to a port on loopback. */
export async function dial(target: string | number): Promise<WirePeer> {
  const socket =
    typeof target === "string" ? net.connect(target) : net.connect(target, "127.0.0.1");
  const peer = new WirePeer(socket);
  await inTime(once(socket, "connect"), "a plain connection");
  return peer;
}

/** A plain server that takes whoever comes. */
export class WireServer {
  readonly peers: WirePeer[] = [];
  readonly server: net.Server;

  constructor() {
    this.server = net.createServer((socket) => this.peers.push(new WirePeer(socket)));
    this.server.on("error", () => {}); // Told to whoever awaits "listening".
    onTestFinished(() => this.close());
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The peer that came as number so and so, counted from 0. */
  async peer(index = 0): Promise<WirePeer> {
    await until(() => this.peers.length > index, `connection number ${index}`);
    return this.peers[index] as WirePeer;
  }

  /** Stops listening and cuts every connection. */
  async close(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, "close");
  }
}

/** Listens on a path, or on a port of loopback; 0 lets the system choose. */
export async function listen(target: string | number): Promise<WireServer> {
  const wire = new WireServer();
  if (typeof target === "string") wire.server.listen(target);
  else wire.server.listen(target, "127.0.0.1");
  await inTime(once(wire.server, "listening"), "a plain server");
  return wire;
}
