// Clients come back as often as they are told to, whatever was ended is gone, and promises say when.
import { connect } from "node:net";
import { freePort } from "../support/free-port.ts";
import type { Report } from "../support/program.ts";
import { complaint } from "./complaint.ts";
import { outcomeOf } from "./outcome.ts";

const detachedMethods = new URL("./programs/detached-methods.mjs", import.meta.url);
const ending = new URL("./programs/ending.mjs", import.meta.url);
const peerIds = new URL("./programs/peer-ids.mjs", import.meta.url);
const promises = new URL("./programs/promises.mjs", import.meta.url);
const restartingServer = new URL("./programs/restarting-server.mjs", import.meta.url);
const retryingClient = new URL("./programs/retrying-client.mjs", import.meta.url);
const stoppingServer = new URL("./programs/stopping-server.mjs", import.meta.url);
const twoInstances = new URL("./programs/two-instances.mjs", import.meta.url);

const everyMethod = [
  ...["log", "serveNet", "serve", "server.on", "server.once", "server.off", "server.broadcast"],
  ...["connectToNet", "connectTo", "server.emit", "client.on", "client.off", "client.emit"],
  "disconnect",
];

complaint(18, "every public method works detached from its object", {
  ours: { failing: [] },
  seenOn: {
    "node-ipc@9.2.1": { failing: everyMethod },
    "node-ipc@14.0.0": { failing: everyMethod },
  },
  scenario: async (scene) =>
    outcomeOf(scene, detachedMethods, { options: { port: await freePort() } }),
});

for (const [maxRetries, attempts] of [
  [0, 1],
  [2, 3],
]) {
  complaint(22, `maxRetries ${maxRetries} means ${attempts} attempts`, {
    ours: { attempts },
    fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
    scenario: (scene) => outcomeOf(scene, retryingClient, { options: { config: { maxRetries } } }),
  });
}

complaint(22, "disconnect() cancels the retry that is due", {
  ours: { left: [], code: 0 },
  seenOn: { "node-ipc@9.2.1": { left: ["Timeout"], code: 0 } },
  fineOn: ["node-ipc@14.0.0"],
  scenario: async ({ programs, implementation }) => {
    const client = programs.start<Report & { type: "disconnected"; left: string[] }>(
      retryingClient,
      { implementation, options: { disconnect: true, config: { retry: 3_600_000 } } },
    );
    const { left } = await client.next("disconnected");
    return { left, code: (await client.exit).code };
  },
});

complaint(
  22,
  "a server restarts 20 times: the client comes back 20 times and piles up no listeners",
  {
    ours: { ticks: 21, connects: 21, addedListeners: 0, warnings: [] },
    fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
    scenario: (scene) => outcomeOf(scene, restartingServer, { options: { lives: 20 } }),
  },
);

complaint(23, "a server that has stopped lets the process end although a client was connected", {
  ours: "ended",
  seenOn: { "node-ipc@9.2.1": "still serves" },
  fineOn: ["node-ipc@14.0.0"],
  scenario: async ({ programs, implementation }) => {
    const server = programs.start(stoppingServer, { implementation });
    await server.next("started");
    const client = connect(`${programs.socketRoot}app.stopping`).on("error", () => {});
    try {
      client.write('{"type":"hello"}\f');
      await server.next("stopped");
      client.write('{"type":"still there?"}\f');
      const answered = new Promise((resolve) => client.once("data", () => resolve("still serves")));
      return await Promise.race([answered, server.exit.then(() => "ended")]);
    } finally {
      client.destroy();
    }
  },
});

for (const how of ["disconnect and stop", "stop and disconnect"]) {
  complaint(23, `nothing keeps the process alive after: ${how}`, {
    ours: { code: 0, signal: null },
    fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
    scenario: ({ programs, implementation }) =>
      programs.start(ending, { implementation, options: { ending: how } }).exit,
  });
}

const ourEndings = [
  ...["ipc.close", "client.close and server.close"],
  ...["unref", "unref before anybody is connected"],
];
for (const how of ourEndings) {
  complaint(23, `nothing keeps the process alive after: ${how}`, {
    ours: { code: 0, signal: null },
    scenario: ({ programs }) =>
      programs.start(ending, { implementation: "ours", options: { ending: how } }).exit,
  });
}

complaint(23, "a client that waits for a server that never comes lets an unref()ed process end", {
  ours: { code: 0, signal: null },
  scenario: ({ programs }) => {
    const options = { unref: true, config: { retry: 3_600_000 } };
    return programs.start(retryingClient, { implementation: "ours", options }).exit;
  },
});

complaint(25, "listening and closing have promises, and the old callbacks fire", {
  ours: {
    refused: "EADDRINUSE",
    listen: "listening",
    events: ["callback", "start"],
    close: "closed",
    left: { sockets: 0, goodbyes: ["socket.disconnected", "close"], file: false },
  },
  seenOn: Object.fromEntries(
    ["node-ipc@9.2.1", "node-ipc@14.0.0"].map((version) => [
      version,
      {
        refused: "no such method",
        listen: "no such method",
        events: [],
        close: "no such method",
        left: { sockets: 0, goodbyes: [], file: false },
      },
    ]),
  ),
  scenario: (scene) => outcomeOf(scene, promises),
});

complaint(32, "two servers with different delimiters in one process do not disturb each other", {
  ours: { heard: [["server-0"], ["server-1"]] },
  seenOn: { "node-ipc@9.2.1": { heard: [[], ["server-1"]] } },
  fineOn: ["node-ipc@14.0.0"],
  scenario: (scene) => outcomeOf(scene, twoInstances, { options: { delimiters: ["\f", "\n"] } }),
});

const nobodysIds = { idsOnConnect: [undefined, undefined], ownIds: 1, ownIdsAre: ["undefined"] };

complaint(
  36,
  "every connection has an id from its start, and what a peer calls itself is passed on",
  {
    ours: {
      // As ever, `socket.id` is what the peer or the program says, and `idOf` what nobody else can.
      idsOnConnect: [undefined, undefined],
      ownIds: 2,
      ownIdsAre: ["string"],
      goodbyes: ["ada", false],
    },
    seenOn: {
      "node-ipc@9.2.1": { ...nobodysIds, goodbyes: ["ada", false] },
      "node-ipc@14.0.0": { ...nobodysIds, goodbyes: [false, false] },
    },
    scenario: (scene) => outcomeOf(scene, peerIds),
  },
);
