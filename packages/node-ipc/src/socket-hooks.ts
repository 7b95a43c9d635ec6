/**
 * Programs of node-ipc use the real socket: they write to it, end it, destroy it. Whatever they
 * emitted before must leave before that takes effect, so these methods hand it over first.
 */
import type { Socket } from "node:net";

const flushOf: unique symbol = Symbol("node-ipc.flush");

interface Flushable {
  flush(): void;
}

type Hooked = Socket & { [flushOf]: Flushable } & Record<Name, unknown>;

type Name = "write" | "end" | "destroy" | "destroySoon" | "resetAndDestroy";

type Method = (this: unknown, ...args: unknown[]) => unknown;

function flushing(name: Name): (this: Hooked, ...args: unknown[]) => unknown {
  return function flushFirst(this: Hooked, ...args: unknown[]): unknown {
    this[flushOf].flush();
    return methodOf(this, name).apply(this, args);
  };
}

// The one that is called for every write, also by ourselves: without a list of arguments.
function flushingWrite(this: Hooked, chunk: unknown, encoding: unknown, done: unknown): unknown {
  this[flushOf].flush();
  return methodOf(this, "write").call(this, chunk, encoding, done);
}

function methodOf(socket: Hooked, name: Name): Method {
  return (Object.getPrototypeOf(socket) as Record<Name, Method>)[name];
}

// One set of functions for all sockets: a closure for each would cost memory per connection.
const hooks: ReadonlyArray<readonly [Name, unknown]> = [
  ["write", flushingWrite],
  ["end", flushing("end")],
  ["destroy", flushing("destroy")],
  ["destroySoon", flushing("destroySoon")],
  ["resetAndDestroy", flushing("resetAndDestroy")],
];

// Before Node's own listener, which forbids further writes.
function flushBeforeEnd(this: Socket): void {
  (this as unknown as Hooked)[flushOf].flush();
}

/** Makes the socket's own methods, and the peer's end, flush `writer` first. */
export function hookSocket(socket: Socket, writer: Flushable): void {
  const hooked = socket as unknown as Hooked;
  hooked[flushOf] = writer;
  socket.prependListener("end", flushBeforeEnd);
  for (const [name, hook] of hooks) (hooked as Record<Name, unknown>)[name] = hook;
}
