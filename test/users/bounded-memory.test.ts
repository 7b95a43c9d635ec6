// A peer that sends without end or reads nothing costs a bounded amount of memory, and itself the connection.
import { expect } from "vitest";
import type { Report } from "../support/program.ts";
import { complaint } from "./complaint.ts";

const endlessFrame = new URL("./programs/endless-frame.mjs", import.meta.url);
const pausedPeer = new URL("./programs/paused-peer.mjs", import.meta.url);

interface Fed extends Report {
  readonly type: "fed";
  readonly cut: boolean;
  readonly told: readonly string[];
  readonly heard: readonly unknown[];
}

interface Spoke extends Report {
  readonly type: "spoke";
  readonly heldMebibytes: number;
  readonly returned: ReadonlySet<unknown>;
  readonly told: readonly string[];
}

const keptOn = { cut: false, told: [] };

for (const side of ["server", "client"]) {
  complaint(12, `a peer that never ends its frame is cut by the ${side}, the others are served`, {
    ours: {
      cut: true,
      told: ["ERR_IPC_FRAME_TOO_LARGE"],
      heard: side === "server" ? [{ name: "word", data: "still here" }] : [],
    },
    seenOn: {
      "node-ipc@9.2.1": expect.objectContaining(keptOn),
      "node-ipc@14.0.0": expect.objectContaining(keptOn),
    },
    scenario: async ({ programs, implementation }) => {
      const program = programs.start<Fed>(endlessFrame, { implementation, options: { side } });
      const { cut, told, heard } = await program.next("fed");
      return { cut, told, heard };
    },
  });

  // The limit of the scenario is 8 MiB; the messages are of 1 MiB, 64 of them where nobody stops.
  const atMost = (most: number) =>
    expect.toSatisfy((mebibytes: number) => mebibytes < most, `less than ${most} MiB`);
  const atLeast = (least: number) =>
    expect.toSatisfy((mebibytes: number) => mebibytes > least, `more than ${least} MiB`);

  complaint(
    13,
    `a peer that reads nothing costs the ${side} no more than the limit, and it is told`,
    {
      ours: { held: atMost(12), saysFalse: true, told: ["ERR_IPC_BACKPRESSURE"] },
      seenOn: {
        "node-ipc@9.2.1": { held: atLeast(60), saysFalse: false, told: [] },
        "node-ipc@14.0.0": { held: atLeast(60), saysFalse: true, told: [] },
      },
      scenario: async ({ programs, implementation }) => {
        const program = programs.start<Spoke>(pausedPeer, {
          implementation,
          options: { side },
          nodeArgs: ["--expose-gc"],
        });
        const { heldMebibytes, returned, told } = await program.next("spoke");
        return { held: heldMebibytes, saysFalse: returned.has(false), told };
      },
    },
  );
}
