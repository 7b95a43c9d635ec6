// A session whose peer is a test that writes bytes: frames of its own making, right or wrong.

import { LengthPrefixDecoder, writeFrameHeader } from "../../src/framing/length-prefix.ts";
import { MemoryRegistry, memory } from "../../src/transport/memory.ts";
import type { Connection } from "../../src/transport/transport.ts";
import { type PairOptions, Side } from "./session-pair.ts";

/** A frame of any kind. */
export function frame(kind: number, ...parts: (Uint8Array | string | readonly number[])[]): Buffer {
  const payload = Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Uint8Array.from(part))),
  );
  const bytes = Buffer.alloc(5 + payload.length);
  bytes.set(payload, writeFrameHeader(bytes, 0, kind, payload.length));
  return bytes;
}

/** A batch of one message. */
export const batch = (head: readonly number[], json = ""): Buffer => frame(0x10, [1], head, json);

/** The tests' end of the connection. */
export class BytePeer {
  /** What the session said, in order. */
  readonly frames: { readonly kind: number; readonly payload: Buffer }[] = [];
  isClosed = false;
  readonly #connection: Connection;
  readonly #decoder: LengthPrefixDecoder;
  readonly #waiting: { readonly kind: number; readonly resolve: (payload: Buffer) => void }[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#decoder = new LengthPrefixDecoder(
      {
        onFrame: (kind, bytes, start, end) => {
          const payload = Buffer.from(bytes.subarray(start, end));
          this.frames.push({ kind, payload });
          const at = this.#waiting.findIndex((each) => each.kind === kind);
          if (at !== -1) this.#waiting.splice(at, 1)[0]?.resolve(payload);
        },
      },
      { maxFrameBytes: 2 ** 20 },
    );
    connection.open({
      onData: (chunk) => void this.#decoder.push(chunk),
      onDrain() {},
      onClose: () => {
        this.isClosed = true;
      },
    });
  }

  /** After the end of the connection nothing happens. */
  say(...frames: readonly Uint8Array[]): void {
    for (const each of frames) if (!this.isClosed) this.#connection.send(each);
  }

  /** The payload of the next frame of a kind. */
  next(kind: number): Promise<Buffer> {
    return new Promise((resolve) => this.#waiting.push({ kind, resolve }));
  }

  /** The session answers a ping with everything before it: it has read what was said. */
  async settled(): Promise<void> {
    const pong = this.next(0x21);
    this.say(frame(0x20, "settled?"));
    await pong;
  }

  abort(): void {
    this.#connection.abort();
  }
}

/** Connected, nothing released yet. */
export async function bytePeer(
  options: PairOptions = {},
  side: "client" | "server" = "server",
): Promise<{ peer: BytePeer; side: Side }> {
  const transport = memory({ registry: new MemoryRegistry(), poison: true });
  const address = { scheme: "memory", name: "bytes" } as const;
  const accepted = new Promise<Connection>((resolve) => {
    void transport.listen(address, resolve);
  });
  const dialled = await transport.dial(address);
  return { peer: new BytePeer(dialled), side: new Side(await accepted, side, options) };
}
