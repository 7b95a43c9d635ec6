// What is said while there is no connection waits for one, within bounds, and the speaker is told of what cannot wait.
import type { Report } from "../support/program.ts";
import { complaint, type Scene } from "./complaint.ts";

const earlyClient = new URL("./programs/early-client.mjs", import.meta.url);
const obedientClient = new URL("./programs/obedient-client.mjs", import.meta.url);
const lateSpeaker = new URL("./programs/late-speaker.mjs", import.meta.url);
const recordingServer = new URL("./programs/recording-server.mjs", import.meta.url);

interface Heard extends Report {
  readonly type: "heard";
  readonly heard: readonly unknown[];
  readonly told: readonly { readonly code: string; readonly text: string }[];
}

interface Spoke extends Report {
  readonly type: "spoke";
  readonly threw: string | null;
  readonly told: readonly string[];
}

async function heardLate({ programs, implementation }: Scene, options: Record<string, unknown>) {
  return programs.start<Heard>(earlyClient, { implementation, options }).next("heard");
}

complaint(3, "5 messages emitted before the server starts arrive, in order, once", {
  ours: [1, 2, 3, 4, 5],
  seenOn: { "node-ipc@9.2.1": [], "node-ipc@14.0.0": [] },
  scenario: async (scene) => (await heardLate(scene, { count: 5 })).heard,
});

complaint(3, "messages emitted between two lives of a server reach the second, in order, once", {
  ours: ["a", "b", "c"],
  seenOn: { "node-ipc@9.2.1": [], "node-ipc@14.0.0": [] },
  scenario: async ({ programs, implementation }) => {
    const first = programs.start(recordingServer, { implementation });
    await first.next("started");
    const client = programs.start(obedientClient, { implementation });
    await client.next("connected");
    await first.kill();
    await client.next("disconnected");
    for (const data of ["a", "b", "c"]) client.send({ say: "word", data });
    for (let said = 0; said < 3; said++) await client.next("obeyed");

    const second = programs.start<Heard>(recordingServer, { implementation });
    await client.next("connected");
    client.send({ say: "fence" });
    return (await second.next("heard")).heard;
  },
});

complaint(
  4,
  "the queue holds as many messages as it is told, the newest are refused, one error counts them",
  {
    ours: { heard: [1, 2, 3], told: ["ERR_IPC_QUEUE_FULL"] },
    scenario: async (scene) => {
      const { heard, told } = await heardLate(scene, {
        count: 20,
        config: { maxQueueMessages: 3 },
      });
      return { heard, told: told.map(({ code }) => code) };
    },
  },
);

complaint(4, "the queue holds as many bytes as it is told", {
  ours: { kept: 9, told: ["ERR_IPC_QUEUE_FULL"] },
  scenario: async (scene) => {
    const text = "x".repeat(1000);
    const config = { maxQueueBytes: 10_000 };
    const { heard, told } = await heardLate(scene, { count: 20, text, config });
    return { kept: heard.length, told: told.map(({ code }) => code) };
  },
});

complaint(4, "the queue is bounded without asking", {
  ours: { kept: 10_000, told: ["ERR_IPC_QUEUE_FULL"] },
  scenario: async (scene) => {
    const { heard, told } = await heardLate(scene, { count: 12_000 });
    return { kept: heard.length, told: told.map(({ code }) => code) };
  },
});

complaint(4, "the queue can be turned off: nothing floods the server after a reconnect", {
  ours: { heard: [], told: [] },
  scenario: async (scene) => {
    const { heard, told } = await heardLate(scene, { count: 5, config: { offline: "drop" } });
    return { heard, told };
  },
});

complaint(4, "without a queue a program can have every refusal told", {
  ours: { heard: [], told: Array.from({ length: 5 }, () => "ERR_IPC_NOT_CONNECTED") },
  scenario: async (scene) => {
    const { heard, told } = await heardLate(scene, { count: 5, config: { offline: "reject" } });
    return { heard, told: told.map(({ code }) => code) };
  },
});

for (const ending of ["disconnect", "destroy"]) {
  const how = ending === "disconnect" ? "disconnect()" : "its last retry";
  complaint(24, `a client that is kept after ${how} can be spoken to, and says that it is closed`, {
    ours: { threw: null, told: ["ERR_IPC_CLOSED"] },
    // Seen there: no word of it. The TypeError of the reports is `ipc.of[id]`, which is gone on every version.
    seenOn: {
      "node-ipc@9.2.1": { threw: null, told: [] },
      "node-ipc@14.0.0": { threw: null, told: [] },
    },
    scenario: async ({ programs, implementation }) => {
      const speaker = programs.start<Spoke>(lateSpeaker, { implementation, options: { ending } });
      const { threw, told } = await speaker.next("spoke");
      return { threw, told };
    },
  });
}
