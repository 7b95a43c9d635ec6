// Starts the two programs of a conversation, wherever it takes place.

import { withFreePort } from "../support/free-port.ts";
import type { Implementation } from "../support/implementations.ts";
import type { Program, Programs } from "../support/program.ts";
import type { Channel } from "./channels.ts";
import { eventNames, type Message } from "./messages.ts";

export type PartyReport =
  | { readonly type: "started" | "joined" | "connected" | "disconnected" | "destroyed" | "pong" }
  | { readonly type: "collected"; readonly messages: unknown[][] }
  | { readonly type: "identified"; readonly id: unknown }
  | { readonly type: "left"; readonly id: unknown; readonly known: boolean }
  | { readonly type: "closed"; readonly known: boolean }
  | { readonly type: "error"; readonly code: unknown; readonly message: unknown };

export type Party = Program<PartyReport>;

/** Where a server is: `id` names the socket file, host and port are for the network. */
export interface Place {
  readonly id: string;
  readonly host?: string;
  readonly port?: number;
  readonly udp?: "udp4" | "udp6";
}

/** What a client says by itself: right after connectTo, and in its connect handler. */
export interface Greetings {
  readonly early?: readonly Message[];
  readonly onConnect?: readonly Message[];
}

const serverProgram = new URL("./server.mjs", import.meta.url);
const clientProgram = new URL("./client.mjs", import.meta.url);

/** Starts a server, on a free port where it needs one, and waits until clients can come. */
export async function openServer(
  programs: Programs,
  implementation: Implementation,
  channel: Channel,
): Promise<{ server: Party; place: Place }> {
  const { kind } = channel;
  const open = async (place: Place) => {
    return { server: await startServer(programs, implementation, channel, place), place };
  };
  if (kind === "unix") return open({ id: "cell" });
  const host = kind === "udp6" ? "::1" : "127.0.0.1";
  return withFreePort(kind, (port) =>
    open({ id: "cell", host, port, ...(kind !== "tcp" && { udp: kind }) }),
  );
}

/** Starts a server in a given place. */
export async function startServer(
  programs: Programs,
  implementation: Implementation,
  channel: Channel,
  place: Place,
): Promise<Party> {
  const options = { ...place, config: channel.serverConfig, events: eventNames };
  const server: Party = programs.start(serverProgram, { implementation, options });
  await ready(server, "started");
  return server;
}

/** Starts a client and waits until it says that it is connected. */
export async function openClient(
  programs: Programs,
  implementation: Implementation,
  channel: Channel,
  place: Place,
  greetings: Greetings = {},
): Promise<Party> {
  const start = async (ownPort?: number): Promise<Party> => {
    const config = channel.clientConfig;
    const options = { ...place, ...greetings, ownPort, config, events: eventNames };
    const client: Party = programs.start(clientProgram, { implementation, options });
    await ready(client, "connected");
    return client;
  };
  return place.udp ? withFreePort(place.udp, start) : start();
}

async function ready(party: Party, by: "started" | "connected"): Promise<void> {
  const report = await party.next(({ type }) => type === by || type === "error");
  if (report.type !== "error") return;
  await party.kill();
  throw Object.assign(new Error(`${party.name}: ${String(report.message)}`), { code: report.code });
}
