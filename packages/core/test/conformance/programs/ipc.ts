// The suite over Node's own IPC channels, both ends in this process: the code that Node runs between parent and child,
// without a process for each of many hundred connections. Needs --expose-internals.
//   node --expose-internals ipc.mjs json|advanced
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after } from "node:test";
import { ipc } from "myelin";
import { afterEach } from "vitest";
import { transportSuite } from "../../../../../test/conformance/transport-suite.ts";
import { tempFolder } from "../../../../../test/support/temp-path.ts";
import { manyWays } from "../many-ways.ts";

/** What is used of Node's internals. */
interface Pipe {
  bind(path: string): number;
  listen(backlog: number): number;
  connect(request: { oncomplete: (status: number) => void }, path: string): number;
  close(): void;
  onconnection: (status: number, pipe: Pipe) => void;
}
const internals = createRequire(import.meta.url);
const { setupChannel } = internals("internal/child_process") as {
  readonly setupChannel: (target: EventEmitter, pipe: Pipe, serialization: string) => unknown;
};
const { Pipe, PipeConnectWrap, constants } = (
  internals("internal/test/binding") as { internalBinding(name: string): unknown }
).internalBinding("pipe_wrap") as {
  Pipe: new (type: number) => Pipe;
  PipeConnectWrap: new () => { oncomplete: (status: number) => void };
  constants: { readonly SERVER: number; readonly IPC: number };
};

// A channel keeps its process alive only together with the child's handle, and here is no child.
const alive = setInterval(() => {}, 60_000);
after(() => clearInterval(alive));

const serialization = process.argv[2] ?? "json";
const folder = tempFolder();
let count = 0;
const channels: ChildProcess[] = [];

// A channel is the program's: its connection leaves it open. Both ends disconnect here, which is one too many.
afterEach(() => {
  for (const channel of channels.splice(0)) if (channel.connected) channel.disconnect();
});

/** The two pipes of a channel, as spawn() makes them. */
function connectedPipes(): Promise<[Pipe, Pipe]> {
  const path = join(folder, String(count++));
  const server = new Pipe(constants.SERVER);
  const client = new Pipe(constants.IPC);
  return new Promise((resolve, reject) => {
    server.onconnection = (_, accepted) => {
      server.close();
      resolve([client, accepted]);
    };
    const request = new PipeConnectWrap();
    request.oncomplete = (status) => {
      if (status !== 0) reject(new Error(`connect: ${status}`));
    };
    const status = server.bind(path) || server.listen(1) || client.connect(request, path);
    if (status !== 0) reject(new Error(`bind: ${status}`));
  });
}

function channelOver(pipe: Pipe): ChildProcess {
  const channel = new EventEmitter() as ChildProcess;
  setupChannel(channel, pipe, serialization);
  channel.on("error", () => {});
  channels.push(channel);
  return channel;
}

transportSuite(`ipc (${serialization})`, {
  ...manyWays<ChildProcess>({
    way: ipc,
    pair: async () => {
      const [one, other] = await connectedPipes();
      return [channelOver(one), channelOver(other)];
    },
  }),
  // Who reads takes everything from the channel, which it shares with others, also while it is paused.
  discards: false,
});
