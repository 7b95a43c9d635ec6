/** What all sessions of a client or a server have in common: names, handlers, codecs, limits. */

import { type Clock, systemClock } from "../clock.ts";
import type { Codec } from "../codec/codec.ts";
import { CodecRegistry } from "../codec/codec-registry.ts";
import { structuredCodec } from "../codec/structured.ts";
import type { Contract, Side } from "../contract/contract.ts";
import type { Entry, EntryKind } from "../contract/entry.ts";
import { validate } from "../contract/validate.ts";
import type { Subscription } from "../emitter.ts";
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { ListenerOptions } from "../peer/call-options.ts";
import type { SlowPeerPolicy, TracePropagator } from "../peer/endpoint-options.ts";
import type { ExposeErrors } from "./calls/remote-error.ts";
import { type CallHandler, Handlers } from "./handlers.ts";
import { type ProofKeys, proofKeys } from "./handshake/proof.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { IncomingMessage, type MessageContext } from "./message-context.ts";
import { type DataCodecs, unlimitedCodecs } from "./messages/data-codecs.ts";
import { currentHeaders } from "./messages/message-headers.ts";
import { checkName, NameTable } from "./messages/name-table.ts";
import { checkListener } from "./peers/peer-arguments.ts";
import { checkOfEvents } from "./refused-events.ts";
import type { WindowSize } from "./sending/send-window.ts";
import type { SessionTerms } from "./session-options.ts";
import { isGenerator } from "./shapes.ts";
import { type CallType, callType } from "./wire.ts";

/** A function of the user's that is called with a message. */
export type UserHandler = (data: never, context: never) => unknown;
export type UserMiddleware = (message: never, next: () => unknown) => unknown;

/** The options of an endpoint that concern its sessions, as users give them. */
export interface EndpointSettings {
  readonly contract?: Contract | undefined;
  readonly handlers?: Readonly<Record<string, UserHandler>> | undefined;
  readonly events?: Readonly<Record<string, UserHandler | undefined>> | undefined;
  readonly use?: readonly UserMiddleware[] | undefined;
  readonly secret?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  readonly slowPeer?: SlowPeerPolicy | undefined;
  readonly callTimeoutMs?: number | undefined;
  readonly closeTimeoutMs?: number | undefined;
  readonly cancelGraceMs?: number | undefined;
  readonly exposeErrors?: ExposeErrors | undefined;
  readonly exposeStacks?: boolean | undefined;
  readonly resume?: ResumeSettings | false | undefined;
  readonly heartbeat?: { readonly intervalMs?: number | undefined } | false | undefined;
  readonly codecs?: readonly Codec[] | undefined;
  readonly structured?: boolean | undefined;
  readonly rejectProtoKeys?: boolean | undefined;
  readonly trace?: TracePropagator | undefined;
  readonly clock?: Clock | undefined;
  readonly limits?: EndpointSizes | undefined;
}

/** Limits that are looked at in every session. */
export interface EndpointSizes {
  readonly maxMessageBytes?: number | undefined;
  readonly maxFrameBytes?: number | undefined;
  readonly maxHeaderBytes?: number | undefined;
  readonly windowBytes?: number | undefined;
  readonly windowMessages?: number | undefined;
  readonly maxInboundCalls?: number | undefined;
  readonly maxPendingCalls?: number | undefined;
  readonly highWaterMarkBytes?: number | undefined;
  readonly maxQueuedBytes?: number | undefined;
  readonly maxDetachedBytes?: number | undefined;
  readonly maxBinaryBytes?: number | undefined;
  readonly maxBufferedBytes?: number | undefined;
  readonly maxOpenMessages?: number | undefined;
  readonly messageProgressTimeoutMs?: number | undefined;
  readonly streamWindowBytes?: number | undefined;
  readonly maxStreamWindowBytes?: number | undefined;
}

interface ResumeSettings {
  readonly windowMs?: number | undefined;
  readonly bufferBytes?: number | undefined;
}

const KiB = 1_024;
const defaultCallTimeoutMs = 30_000;

const typeOfKind: Readonly<Record<Exclude<EntryKind, "event">, CallType>> = callType;

export class Endpoint<Peer> {
  readonly side: Side;
  readonly clock: Clock;
  readonly contract: Contract | undefined;
  readonly names: NameTable;
  readonly handlers: Handlers<MessageContext<Peer>> = new Handlers();
  readonly registry: CodecRegistry;
  /** Encodes for peers of whom it is not known yet what they take. */
  readonly anyCodecs: DataCodecs;
  readonly terms: SessionTerms;
  readonly keys: ProofKeys | undefined;
  readonly callTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly cancelGraceMs: number;
  readonly maxInboundCalls: number;
  readonly maxPendingCalls: number;
  /** No peer has more than half of the budget waiting for it. */
  readonly maxQueuedBytes: number;
  readonly resumeBufferBytes: number;
  readonly messageProgressTimeoutMs: number;
  readonly maxStreamWindowBytes: number;
  /** For all that its sessions buffer. */
  readonly budget: MemoryBudget;
  readonly slowPeer: SlowPeerPolicy;
  readonly highWaterMarkBytes: number;
  readonly exposeErrors: ExposeErrors | undefined;
  readonly exposeStacks: boolean;
  readonly rejectProtoKeys: boolean;
  readonly maxHeaderBytes: number;
  /** 0: none; undefined: as the transport needs it. */
  readonly heartbeatMs: number | undefined;
  /** For how long a session outlives its connection; 0: not at all; undefined: as the transport needs. */
  readonly resumeWindowMs: number | undefined;
  readonly #use: readonly UserMiddleware[];
  readonly #trace: TracePropagator | undefined;
  readonly #structured: boolean | undefined;
  /** Limits as the user has given them. */
  readonly #sizes: NonNullable<EndpointSettings["limits"]>;
  readonly #ownCodecs: readonly string[];

  /** @throws {MyelinError} `ERR_CONFIG` */
  constructor(side: Side, settings: EndpointSettings) {
    const { contract, resume, secret, limits: sizes = {} } = settings;
    this.side = side;
    this.clock = settings.clock ?? systemClock;
    this.registry = new CodecRegistry(settings.codecs);
    this.anyCodecs = unlimitedCodecs(this.registry);
    this.rejectProtoKeys = settings.rejectProtoKeys ?? false;
    this.#trace = settings.trace;
    this.#structured = settings.structured;
    this.#ownCodecs = (settings.codecs ?? []).map(({ name }) => name);
    this.contract = contract;
    this.names = new NameTable(contract?.[otherSide(side)].keys());
    this.budget = new MemoryBudget(sizes.maxBufferedBytes ?? limits.maxBufferedBytes, this.clock);
    this.terms = {
      window: {
        messages: sizes.windowMessages ?? this.#partOf(limits.windowMessages, 8 * KiB, 16),
        bytes: sizes.windowBytes ?? this.#partOf(limits.windowBytes, 8),
      },
      maxFrameBytes: sizes.maxFrameBytes ?? limits.maxFrameBytes,
      maxMessageBytes: sizes.maxMessageBytes ?? limits.maxMessageBytes,
      maxBinaryBytes: sizes.maxBinaryBytes ?? limits.maxBinaryBytes,
      maxOpenMessages: sizes.maxOpenMessages ?? limits.maxOpenMessages,
      streamWindowBytes: sizes.streamWindowBytes ?? this.#partOf(limits.streamWindowBytes, 256),
    };
    this.#sizes = sizes;
    this.keys = secret === undefined ? undefined : proofKeys(secret);
    this.callTimeoutMs = settings.callTimeoutMs ?? defaultCallTimeoutMs;
    this.closeTimeoutMs = settings.closeTimeoutMs ?? limits.closeTimeoutMs;
    this.cancelGraceMs = settings.cancelGraceMs ?? limits.cancelGraceMs;
    this.maxHeaderBytes = sizes.maxHeaderBytes ?? limits.maxHeaderBytes;
    this.maxInboundCalls = sizes.maxInboundCalls ?? limits.maxInboundCalls;
    this.maxPendingCalls = sizes.maxPendingCalls ?? limits.maxPendingCalls;
    const maxQueuedBytes = sizes.maxQueuedBytes ?? limits.maxQueuedBytes;
    this.maxQueuedBytes = Math.min(maxQueuedBytes, this.budget.maxBytes / 2);
    const bufferBytes = resume === undefined || resume === false ? undefined : resume.bufferBytes;
    this.resumeBufferBytes = Math.min(
      bufferBytes ?? maxQueuedBytes,
      this.maxQueuedBytes,
      // What one session keeps is its `slowPeer`'s business, before it is that of all that wait.
      side === "server" ? (sizes.maxDetachedBytes ?? limits.maxDetachedBytes) : Infinity,
    );
    this.messageProgressTimeoutMs =
      sizes.messageProgressTimeoutMs ?? limits.messageProgressTimeoutMs;
    this.maxStreamWindowBytes = sizes.maxStreamWindowBytes ?? limits.maxStreamWindowBytes;
    this.slowPeer = settings.slowPeer ?? "wait";
    this.highWaterMarkBytes = sizes.highWaterMarkBytes ?? limits.peerHighWaterMarkBytes;
    this.exposeErrors = settings.exposeErrors;
    this.exposeStacks = settings.exposeStacks ?? false;
    this.heartbeatMs = heartbeatOf(settings.heartbeat);
    this.resumeWindowMs = resumeWindowOf(settings.resume);
    this.#use = settings.use ?? [];
    for (const [name, run] of functionsOf("handlers", settings.handlers ?? {})) {
      this.handle(this.handlers, name, run);
    }
    for (const [name, run] of functionsOf("events", settings.events ?? {})) {
      if (run !== undefined) this.on(this.handlers, name, run);
    }
    this.#checkComplete();
  }

  /** What a peer may send before it is asked, if nobody says otherwise: in a small budget there must be room for it. */
  #partOf(usual: number, parts: number, least: number = KiB): number {
    return Math.max(least, Math.min(usual, Math.floor(this.budget.maxBytes / parts)));
  }

  /**
   * What whoever comes in now may send before handlers have settled: the more are in, the less, or the
   * windows of many would be more than all that they may have together.
   */
  get nextWindow(): WindowSize {
    const { bytes, messages } = this.terms.window;
    const { windowBytes, windowMessages } = this.#sizes;
    const count = this.budget.holders + 1;
    return {
      // A call that runs takes more than a kilobyte, and a stream three.
      messages: windowMessages ?? this.#partOf(messages, Math.min(8 * KiB * count, 64 * KiB), 16),
      bytes: windowBytes ?? this.#partOf(bytes, Math.min(4 * count, KiB)),
    };
  }

  /** For how long its sessions over such a transport outlive their connections; 0: not at all. */
  resumeWindow(isLocal: boolean): number {
    // On one machine a connection that breaks means a process that died.
    return this.resumeWindowMs ?? (isLocal ? 0 : limits.resumeWindowMs);
  }

  /** The codecs that it offers over such a transport. `isPrivate`: nobody but this user can be there. */
  offeredCodecs(isPrivate: boolean): readonly string[] {
    const isStructured = this.#structured ?? isPrivate;
    return isStructured ? [...this.#ownCodecs, structuredCodec.name] : this.#ownCodecs;
  }

  /** What goes into the head of a message that is sent now. */
  headers(): Buffer | undefined {
    return this.#trace === undefined ? undefined : currentHeaders(this.#trace);
  }

  /** What this side may say under a name, as the contract has it; undefined without a contract. */
  outgoing(name: string, kind: EntryKind): Entry | undefined {
    return this.#entry(otherSide(this.side), name, kind);
  }

  /** @throws {MyelinError} `ERR_CONFIG` when the name is taken, or none of the contract. */
  handle(handlers: Handlers<MessageContext<Peer>>, name: string, run: UserHandler): Subscription {
    if (typeof run !== "function") {
      throw new MyelinError("ERR_CONFIG", `the handler of ${JSON.stringify(name)} is no function`);
    }
    checkName(name);
    const entry = this.#entry(this.side, name, undefined);
    if (entry?.kind === "event") {
      throw new MyelinError("ERR_CONFIG", `${JSON.stringify(name)} is an event: use on()`);
    }
    return handlers.handle(name, {
      type: entry === undefined ? undefined : typeOfKind[entry.kind],
      run: this.#wrap(run),
      isGenerator: isGenerator(run),
      accept: checkOf(entry?.input, "input"),
      codec: entry?.codec,
    });
  }

  /** @throws {MyelinError} `ERR_CONFIG` when the name is no event of the contract. */
  on(
    handlers: Handlers<MessageContext<Peer>>,
    name: string,
    run: UserHandler,
    options: ListenerOptions = {},
  ): Subscription {
    checkListener("on", run, options);
    checkName(name);
    const { once = false, signal } = options;
    const entry = this.#entry(this.side, name, "event");
    const wrapped = this.#wrap(run);
    const accept = checkOfEvents(entry?.input);
    if (signal?.aborted === true) return noSubscription;
    // Of events that it does not accept it hears nothing, and waits on.
    const heard: typeof wrapped = (data, context) => {
      subscription.dispose();
      return wrapped(data, context);
    };
    const inner = once ? heard : wrapped;
    const listener: typeof wrapped =
      accept === undefined ? inner : (data, context) => inner(accept(data), context);
    const subscription = handlers.on(name, listener, signal);
    return subscription;
  }

  #entry(side: Side, name: string, kind: EntryKind | undefined): Entry | undefined {
    const entries = this.contract?.[side];
    if (entries === undefined) return undefined;
    const entry = entries.get(name);
    if (entry === undefined) {
      const message = `the contract has no ${JSON.stringify(name)} that the ${side} handles`;
      throw new MyelinError("ERR_CONFIG", message);
    }
    if (kind !== undefined && entry.kind !== kind) {
      const message = `${JSON.stringify(name)} is of kind "${entry.kind}", not "${kind}"`;
      throw new MyelinError("ERR_CONFIG", message);
    }
    return entry;
  }

  /** The handler inside of the middleware, the first of which is outermost. */
  #wrap(run: UserHandler): CallHandler<MessageContext<Peer>>["run"] {
    const inner = run as (data: unknown, context: MessageContext<Peer>) => unknown;
    const use = this.#use as readonly ((message: unknown, next: () => unknown) => unknown)[];
    if (use.length === 0) return inner;
    return (data, context) => {
      const message = new IncomingMessage(context, data);
      context.keep();
      let next = (): unknown => {
        context.enter();
        return inner(data, context);
      };
      for (const middleware of [...use].reverse()) {
        const within = next;
        next = () => middleware(message, within);
      }
      return next();
    };
  }

  #checkComplete(): void {
    for (const side of ["server", "client"] as const) {
      for (const [name, { codec }] of this.contract?.[side] ?? []) {
        if (this.registry.byName(codec) !== undefined) continue;
        const what = `the contract's ${JSON.stringify(name)} needs the codec "${codec}": pass it as codecs`;
        throw new MyelinError("ERR_CONFIG", what);
      }
    }
    for (const [name, { kind }] of this.contract?.[this.side] ?? []) {
      if (kind === "event" || this.handlers.call(name) !== undefined) continue;
      throw new MyelinError("ERR_CONFIG", `the contract's ${JSON.stringify(name)} has no handler`);
    }
  }
}

function heartbeatOf(heartbeat: EndpointSettings["heartbeat"]): number | undefined {
  if (heartbeat === undefined) return undefined;
  return heartbeat === false ? 0 : (heartbeat.intervalMs ?? limits.heartbeatMs);
}

function resumeWindowOf(resume: EndpointSettings["resume"]): number | undefined {
  if (resume === undefined) return undefined;
  return resume === false ? 0 : (resume.windowMs ?? limits.resumeWindowMs);
}

const noSubscription: Subscription = { dispose() {}, [Symbol.dispose]() {} };

function otherSide(side: Side): Side {
  return side === "server" ? "client" : "server";
}

/** A function that checks by a schema, if there is one. */
export function checkOf(
  schema: Entry["input"],
  what: string,
): ((data: unknown) => unknown) | undefined {
  return schema === undefined ? undefined : (data) => validate(schema, data, what);
}

/**
 * What an option has by name.
 * @throws {MyelinError} `ERR_CONFIG` for an object that has nothing but methods of its class: they are its
 * prototype's, and would all be left out without a word
 */
function functionsOf<Value>(
  option: string,
  given: Readonly<Record<string, Value>>,
): [string, Value][] {
  const own = Object.entries(given);
  const prototype: object | null = own.length > 0 ? null : Object.getPrototypeOf(given);
  // That of all objects has none itself.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return own;
  const method = Object.getOwnPropertyNames(prototype).find((key) => key !== "constructor");
  if (method === undefined) return own;
  throw new MyelinError(
    "ERR_CONFIG",
    `${option}: ${JSON.stringify(method)} is inherited, and only what the object itself has is taken; ` +
      `write { ${method}: (...given) => object.${method}(...given) }`,
  );
}
