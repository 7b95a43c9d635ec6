/** A program that speaks node-ipc's wire by hand, and servers for it. */
import { once } from "node:events";
import { connect as dial, type Socket } from "node:net";
import { type Notice, type ServeOptions, serve } from "myelin";
import { afterEach } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

export const both = { accept: ["myelin", "node-ipc"] } as const;
/** Nobody is taken for one that only listens. */
export const longSilence = 3_600_000;

/** Destroyed after each test. */
export const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

export const frame = (type: string, data: unknown) => `${JSON.stringify({ type, data })}\f`;

/** A program that speaks the wire by hand. */
export class Legacy {
  readonly socket: Socket;
  text = "";
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    sockets.push(socket);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.text += text;
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
    });
  }

  static async dial(address: string): Promise<Legacy> {
    const socket = dial(address.replace("unix:", ""));
    await once(socket, "connect");
    return new Legacy(socket);
  }

  say(type: string, data: unknown): void {
    this.socket.write(frame(type, data));
  }

  heard(type: string, data: unknown): Promise<void> {
    return until(`${type} is heard`, () => this.text.includes(frame(type, data)));
  }

  closed(): Promise<void> {
    return until("it is cut", () => this.isClosed);
  }
}

export async function serveBoth(options: ServeOptions = {}) {
  const server = keep(await serve(freshAddress(), { ...both, sniffMs: longSilence, ...options }));
  const notices: Notice[] = [];
  server.onNotice((notice) => void notices.push(notice));
  return { server, notices };
}
