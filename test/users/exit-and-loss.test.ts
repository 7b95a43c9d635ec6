// What was said just before the end arrives.
import { expect } from "vitest";
import type { Report } from "../support/program.ts";
import { complaint, type Scene } from "./complaint.ts";
import { outcomeOf } from "./outcome.ts";

const countingServer = new URL("./programs/counting-server.mjs", import.meta.url);
const countingClient = new URL("./programs/counting-client.mjs", import.meta.url);
const broadcastingServer = new URL("./programs/broadcasting-server.mjs", import.meta.url);
const undeliverable = new URL("./programs/undeliverable.mjs", import.meta.url);
const lastWords = new URL("./programs/last-words.mjs", import.meta.url);

interface Counted extends Report {
  readonly type: "client gone";
  readonly received: number;
}

interface ServerGone extends Report {
  readonly type: "server gone";
  readonly received: number;
}

interface Started extends Report {
  readonly type: "started";
}

const tooFew = expect.toSatisfy((received: number) => received < 5000, "fewer than 5000");

/** How many of the client's words reach a server of the same version. */
async function received({ programs, implementation }: Scene, options: Record<string, unknown>) {
  const server = programs.start<Counted | Started>(countingServer, { implementation });
  await server.next("started");
  programs.start(lastWords, { implementation, options });
  return (await server.next("client gone")).received;
}

for (const leave of ["ipc.flush", "ipc.close", "client.flush", "client.close"]) {
  complaint(2, `5000 messages, then await ${leave}() and process.exit(): 5000 arrive`, {
    ours: 5000,
    ...(leave === "ipc.flush" && {
      seenOn: { "node-ipc@9.2.1": tooFew, "node-ipc@14.0.0": tooFew },
    }),
    scenario: (scene) => received(scene, { count: 5000, bytes: 1024, leave, end: "exit" }),
  });
}

complaint(2, "5000 broadcasts, then await server.close() and process.exit(): 5000 arrive", {
  ours: 5000,
  seenOn: { "node-ipc@9.2.1": tooFew, "node-ipc@14.0.0": tooFew },
  scenario: async ({ programs, implementation }) => {
    const server = programs.start(broadcastingServer, {
      implementation,
      options: { count: 5000, bytes: 1024 },
    });
    await server.next("started");
    const client = programs.start<ServerGone>(countingClient, { implementation });
    return (await client.next("server gone")).received;
  },
});

for (const end of ["exit", "disconnect", "destroy"]) {
  complaint(2, `1, 10 or 100 messages, then ${end} at once: none is lost`, {
    ours: [1, 10, 100],
    fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
    scenario: async ({ programs, implementation }) => {
      const server = programs.start<Counted | Started>(countingServer, { implementation });
      await server.next("started");
      const arrived: number[] = [];
      for (const count of [1, 10, 100]) {
        programs.start(lastWords, { implementation, options: { count, end } });
        arrived.push((await server.next("client gone")).received);
      }
      return arrived;
    },
  });
}

const waits = [
  ["ipc", "close", {}],
  ["client", "close", {}],
  ["ipc", "flush", { maxRetries: 0 }],
  ["client", "flush", { maxRetries: 0 }],
] as const;
for (const [of, wait, config] of waits) {
  complaint(2, `await ${of}.${wait}() rejects when something could not be delivered`, {
    ours: { outcome: "ERR_IPC_UNDELIVERED" },
    scenario: (scene) => outcomeOf(scene, undeliverable, { options: { of, wait, config } }),
  });
}
