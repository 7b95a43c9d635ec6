// Two sessions that talk to each other in memory, for tests that need nothing below and above them.

import { type Clock, systemClock } from "../../src/clock.ts";
import { CodecRegistry } from "../../src/codec/codec-registry.ts";
import { structuredCodec } from "../../src/codec/structured.ts";
import { limits } from "../../src/limits.ts";
import { Handlers } from "../../src/session/handlers.ts";
import { AgreedCodecs } from "../../src/session/handshake/agreed-codecs.ts";
import { MemoryBudget } from "../../src/session/memory-budget.ts";
import type { MessageContext } from "../../src/session/message-context.ts";
import { NameTable } from "../../src/session/messages/name-table.ts";
import { Session } from "../../src/session/session.ts";
import type { SessionEnd } from "../../src/session/session-end.ts";
import type { SessionOptions, SessionTerms } from "../../src/session/session-options.ts";
import type { ItemReceiver } from "../../src/session/streams/item-receiver.ts";
import { MemoryRegistry, memory } from "../../src/transport/memory.ts";
import type { Connection } from "../../src/transport/transport.ts";

export const terms: SessionTerms = {
  window: { messages: limits.windowMessages, bytes: limits.windowBytes },
  maxFrameBytes: limits.maxFrameBytes,
  maxMessageBytes: limits.maxMessageBytes,
  maxBinaryBytes: limits.maxBinaryBytes,
  maxOpenMessages: limits.maxOpenMessages,
  streamWindowBytes: limits.streamWindowBytes,
};

/** None but the common ones. */
export const noCodecs: AgreedCodecs = new AgreedCodecs(new CodecRegistry(), []);

/** One side, with what it heard. */
export class Side {
  readonly session: Session<Side>;
  readonly handlers: Handlers<MessageContext<Side>> = new Handlers();
  readonly connection: Connection;
  readonly unhandled: string[] = [];
  readonly handlerErrors: unknown[] = [];
  readonly goodbyes: unknown[] = [];
  drains = 0;
  detachments = 0;
  dropped = 0;
  readonly end: Promise<SessionEnd>;

  constructor(connection: Connection, side: "client" | "server", options: PairOptions) {
    this.connection = connection;
    let onEnd!: (end: SessionEnd) => void;
    this.end = new Promise((resolve) => {
      onEnd = resolve;
    });
    const registry = new CodecRegistry();
    this.session = new Session<Side>({
      side,
      peer: this,
      owner: {
        tellUnhandled: (name) => this.unhandled.push(name),
        tellHandlerError: (_, reason) => this.handlerErrors.push(reason),
        tellDrain: () => {
          this.drains += 1;
        },
        tellGoodbye: (goodbye) => this.goodbyes.push(goodbye),
        tellDropped: (events) => {
          this.dropped += events;
        },
        tellDetached: () => {
          this.detachments += 1;
        },
        takesUnsent: () => false,
        tellEnd: onEnd,
      },
      clock: options.clock ?? systemClock,
      names: new NameTable(),
      handlers: this.handlers,
      registry,
      ours: { ...terms, ...options.terms },
      theirs: { ...terms, ...options.terms },
      codecs: new AgreedCodecs(registry, [structuredCodec.name]),
      rejectProtoKeys: false,
      maxHeaderBytes: limits.maxHeaderBytes,
      errors: { expose: "full", stacks: false },
      maxInboundCalls: limits.maxInboundCalls,
      cancelGraceMs: limits.cancelGraceMs,
      maxPendingCalls: limits.maxPendingCalls,
      maxQueuedBytes: limits.maxQueuedBytes,
      resumeBufferBytes: limits.maxQueuedBytes,
      budget: new MemoryBudget(limits.maxBufferedBytes),
      messageProgressTimeoutMs: limits.messageProgressTimeoutMs,
      maxStreamWindowBytes: limits.maxStreamWindowBytes,
      highWaterMarkBytes: 1024 * 1024,
      heartbeatMs: 0,
      isMeasured: false,
      isResumable: false,
      slowPeer: "wait",
      ...options.session,
    });
    this.session.attach(connection);
    connection.open({
      onData: (chunk) => this.session.receive(chunk, connection),
      onDrain: () => this.session.drained(),
      onClose: (error) => this.session.lost(error, connection),
    });
  }

  /** A call without anything special, as a promise. */
  call(name: string, data?: unknown, request: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.session.open({
        request: { type: 0, name, data, timeoutMs: 0, ...request },
        onOpen() {},
        resolve,
        reject,
      });
    });
  }

  /** The items that the peer's handler yields. */
  stream(name: string, data?: unknown, request: object = {}): AsyncIterable<unknown> {
    let output!: ItemReceiver;
    this.session.open({
      request: { type: 1, name, data, timeoutMs: 0, ...request },
      onOpen: (call) => {
        output = call.output as ItemReceiver;
      },
      resolve() {},
      reject() {},
    });
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => output.next(),
        return: async () => {
          output.stop();
          return { done: true, value: undefined };
        },
      }),
    };
  }
}

export interface PairOptions {
  readonly clock?: Clock;
  readonly terms?: Partial<SessionTerms>;
  readonly session?: Partial<SessionOptions<Side>>;
}

/** Connected, nothing released yet: attach handlers and call `release` on both. */
export async function sessionPair(
  options: PairOptions = {},
  budgets: readonly MemoryBudget[] = [],
): Promise<{ client: Side; server: Side; release: () => void }> {
  const transport = memory({ registry: new MemoryRegistry(), poison: true });
  const address = { scheme: "memory", name: "pair" } as const;
  const accepted = new Promise<Connection>((resolve) => {
    void transport.listen(address, resolve);
  });
  const dialled = await transport.dial(address);
  const [ofClient, ofServer] = budgets;
  const client = new Side(dialled, "client", withBudget(options, ofClient));
  const server = new Side(await accepted, "server", withBudget(options, ofServer));
  return {
    client,
    server,
    release() {
      client.session.release();
      server.session.release();
    },
  };
}

function withBudget(options: PairOptions, budget: MemoryBudget | undefined): PairOptions {
  return budget === undefined ? options : { ...options, session: { ...options.session, budget } };
}
