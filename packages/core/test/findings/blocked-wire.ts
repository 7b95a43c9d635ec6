/** A connection that takes nothing until it is told to, and remembers what it was given. */
import type { Connection } from "../../src/index.ts";

export interface BlockedWire extends Connection {
  readonly sent: readonly Buffer[];
  pendingBytes: number;
}

export function blockedWire(pendingBytes: number = 2 ** 20): BlockedWire {
  const sent: Buffer[] = [];
  const wire: BlockedWire = {
    sent,
    kind: "stream",
    local: undefined,
    remote: undefined,
    peer: { credentials: "unknown" },
    pendingBytes,
    get writable() {
      return wire.pendingBytes === 0;
    },
    open() {},
    send(data) {
      sent.push(Buffer.from(data as Uint8Array));
      return wire.writable;
    },
    pause() {},
    resume() {},
    close: () => Promise.resolve(),
    abort() {},
    ref() {},
    unref() {},
  };
  return wire;
}
