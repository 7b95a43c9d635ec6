// A contract with everything, and both ends of it.
import type { Client, ConnectOptions, Contract, ServeOptions, Server, ServerPeer } from "myelin";
import { call, contract, duplex, event, stream, upload } from "myelin";

/** An interface has no index signature, and is JSON all the same. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note?: string;
}

export const world = contract(
  {
    server: {
      greet: call<{ name: string }, string>(),
      now: call<void, number>(),
      reset: call(),
      progress: event<Progress>(),
      ready: event(),
      ticks: stream<{ everyMs: number }, number>(),
      sum: upload<number, number>(),
      chat: duplex<string, { line: string }>(),
    },
    client: {
      notice: event<{ text: string }>(),
      confirm: call<{ question: string }, boolean>(),
      lines: stream<void, string>(),
    },
  },
  { name: "world", version: "1.0.0" },
);

export type World = typeof world;

declare const serveAt: <C extends Contract = Contract>(
  address: string,
  options?: ServeOptions<C>,
) => Promise<Server<C>>;
declare const connectTo: <C extends Contract = Contract>(
  address: string,
  options?: ConnectOptions<C>,
) => Promise<Client<C>>;

// The signatures of serve() and connect(), whatever stands behind them.
export const serve: typeof serveAt = serveAt;
export const connect: typeof connectTo = connectTo;

export declare const server: Server<World>;
export declare const client: Client<World>;
export declare const peer: ServerPeer<World>;
