// Nothing that a peer sends ends this process, passes for an event of this side, or leaks into other objects.
import { expect } from "vitest";
import type { Report } from "../support/program.ts";
import { complaint } from "./complaint.ts";

const badJson = new URL("./programs/bad-json.mjs", import.meta.url);
const forgedEvents = new URL("./programs/forged-events.mjs", import.meta.url);
const hostileBytes = new URL("./programs/hostile-bytes.mjs", import.meta.url);
const oddNames = new URL("./programs/odd-names.mjs", import.meta.url);

interface Fed extends Report {
  readonly type: "fed";
  readonly heard: readonly string[];
  readonly told: readonly string[];
}

interface Survived extends Report {
  readonly type: "survived";
  readonly uncaught: readonly string[];
  readonly polluted: boolean;
  readonly heard: readonly unknown[];
}

interface Heard extends Report {
  readonly type: "heard";
  readonly usable: ReadonlySet<string>;
}

interface Told extends Report {
  readonly type: "told";
  readonly told: readonly unknown[];
}

const lifecycleNames = [
  "connect",
  "disconnect",
  "destroy",
  "start",
  "close",
  "socket.disconnected",
];
// Programs send these themselves, so they have to pass, as on every real version.
const sharedNames = ["error", "data"];

const ownNames = {
  server: ["connect", "start", "close", "socket.disconnected"],
  client: ["connect", "disconnect", "destroy"],
};

for (const side of ["server", "client"] as const) {
  const names = [...lifecycleNames, ...sharedNames];
  const own = ownNames[side];

  complaint(29, `no frame fires what only the ${side} itself can know: ${own.join(", ")}`, {
    ours: {
      heard: [...names.filter((name) => !own.includes(name)), "fence"],
      told: own.map(() => "ERR_IPC_RESERVED_EVENT"),
    },
    seenOn: {
      "node-ipc@9.2.1": { heard: [...names, "fence"], told: [] },
      "node-ipc@14.0.0": { heard: [...names, "fence"], told: [] },
    },
    scenario: async ({ programs, implementation }) => {
      const options = { side, names };
      const program = programs.start<Fed>(forgedEvents, { implementation, options });
      const { heard, told } = await program.next("fed");
      return { heard, told };
    },
  });
}

const badType = '{"type":{"toString":1},"data":1}\f';
const badId = '{"type":"word","data":{"id":{"toString":1}}}\f';
const inputs = [
  ...["null\f", "5\f", "\f", "\u0000\f", "{}\f", "[]\f", '{"type":null}\f', badType, badId],
  ...['{"type":"constructor"}\f', '{"type":"toString"}\f', '{"type":"*","data":1}\f'],
  '{"type":"__proto__","data":{"__proto__":{"polluted":true}}}\f',
];
const good = [{ name: "word", data: "good" }];

for (const side of ["server", "client"]) {
  const seenOn9 = side === "server" ? [badType, badId] : [badType];

  complaint(30, `a ${side} survives bad frames and random bytes, and serves the next peer`, {
    ours: { uncaught: [], polluted: false, heard: good },
    seenOn: {
      "node-ipc@9.2.1": expect.objectContaining({ uncaught: expect.arrayContaining(seenOn9) }),
      "node-ipc@14.0.0": expect.objectContaining({
        uncaught: expect.arrayContaining(["null\f", "5\f", '{"type":null}\f']),
      }),
    },
    scenario: async ({ programs, implementation }) => {
      const options = { side, inputs, runs: 300 };
      const program = programs.start<Survived>(hostileBytes, { implementation, options });
      const { uncaught, polluted, heard } = await program.next("survived");
      return { uncaught, polluted, heard };
    },
  });
}

const oddOnes = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"];

complaint(30, "names that every object has are names like any other", {
  ours: new Set(oddOnes),
  seenOn: { "node-ipc@9.2.1": new Set() },
  fineOn: ["node-ipc@14.0.0"],
  scenario: async ({ programs, implementation }) => {
    const options = { names: oddOnes };
    const program = programs.start<Heard>(oddNames, { implementation, options });
    return (await program.next("heard")).usable;
  },
});

for (const side of ["server", "client"]) {
  complaint(31, `what is wrong with a frame reaches the ${side} as an Error with a code`, {
    ours: [{ isError: true, code: "ERR_IPC_INVALID_JSON" }],
    seenOn: { "node-ipc@9.2.1": [{ isError: false }] },
    fineOn: ["node-ipc@14.0.0"],
    scenario: async ({ programs, implementation }) => {
      const program = programs.start<Told>(badJson, { implementation, options: { side } });
      return (await program.next("told")).told;
    },
  });
}
