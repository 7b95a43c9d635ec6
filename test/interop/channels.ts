// The table of the matrix: who meets whom, and over what.
import { allRealImplementations, canRun, type Implementation } from "../support/implementations.ts";

export interface Channel {
  readonly name: string;
  readonly kind: "unix" | "tcp" | "udp4" | "udp6";
  /** For the sides' `ipc.config`. */
  readonly serverConfig?: Readonly<Record<string, unknown>>;
  readonly clientConfig?: Readonly<Record<string, unknown>>;
}

export interface Pair {
  readonly server: Implementation;
  readonly client: Implementation;
}

/** Ours on one side, every real version on the other, and then the roles the other way round. */
const oursWithEach: readonly Pair[] = allRealImplementations.flatMap((real): Pair[] => [
  { server: "ours", client: real },
  { server: real, client: "ours" },
]);

/**
 * Real versions among themselves: they must pass the same conversations, or these ask for something that node-ipc is not.
 * The oldest and the newest; `INTEROP_ALL=1` runs every combination.
 */
const realAmongThemselves: readonly Pair[] = process.env["INTEROP_ALL"]
  ? allRealImplementations.flatMap((server) =>
      allRealImplementations.map((client): Pair => ({ server, client })),
    )
  : [
      { server: "node-ipc@9.2.1", client: "node-ipc@14.0.0" },
      { server: "node-ipc@14.0.0", client: "node-ipc@9.2.1" },
    ];

export const pairs: readonly Pair[] = [
  ...oursWithEach,
  { server: "ours", client: "ours" },
  ...realAmongThemselves,
];

/** Names that a person can read: "node-ipc@9.2.1 client, ours server, over tcp". */
export function cellName({ server, client }: Pair, channelName: string): string {
  return `${client} client, ${server} server, over ${channelName}`;
}

/** Whether this Node.js can load both; a cell that has to be skipped is shown as skipped. */
export function canMeet({ server, client }: Pair): boolean {
  return canRun(server) && canRun(client);
}
