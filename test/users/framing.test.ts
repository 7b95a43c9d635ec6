// Messages arrive whole and at once, however the bytes were cut, and cost what their size says.
import { expect } from "vitest";
import type { Report } from "../support/program.ts";
import { complaint } from "./complaint.ts";

const anyChunking = new URL("./programs/any-chunking.mjs", import.meta.url);
const everySplit = new URL("./programs/every-split.mjs", import.meta.url);
const halfFrame = new URL("./programs/half-frame.mjs", import.meta.url);
const largeMessage = new URL("./programs/large-message.mjs", import.meta.url);

interface Fed extends Report {
  readonly type: "fed";
  readonly heard: readonly { readonly name: string; readonly data: unknown }[];
}

interface Checked extends Report {
  readonly type: "checked";
  readonly holds: boolean;
  readonly why?: string;
}

interface Heard extends Report {
  readonly type: "heard";
  readonly cuts: number;
  readonly heard: readonly string[];
}

interface Measured extends Report {
  readonly type: "measured";
  readonly whole: number;
  readonly inPieces: number;
}

for (const side of ["server", "client"]) {
  complaint(10, `a ${side} dispatches a complete frame although another has begun behind it`, {
    ours: [{ name: "word", data: "whole" }],
    seenOn: { "node-ipc@9.2.1": [] },
    fineOn: ["node-ipc@14.0.0"],
    scenario: async ({ programs, implementation }) => {
      const program = programs.start<Fed>(halfFrame, { implementation, options: { side } });
      return (await program.next("fed")).heard;
    },
  });
}

for (const delimiter of ["\f", "\r\n--"]) {
  complaint(
    10,
    `any cutting of the bytes gives the same messages in time (${JSON.stringify(delimiter)})`,
    {
      ours: { holds: true },
      seenOn: { "node-ipc@9.2.1": { holds: false, why: expect.stringMatching(/^after byte/) } },
      fineOn: ["node-ipc@14.0.0"],
      scenario: async ({ programs, implementation }) => {
        const program = programs.start<Checked>(anyChunking, {
          implementation,
          options: { delimiter },
        });
        const { holds, why } = await program.next("checked");
        return { holds, why };
      },
    },
  );
}

for (const side of ["server", "client"]) {
  const text = "aé€😀";
  complaint(27, `a ${side} reads characters of 2, 3 and 4 bytes whole wherever they are cut`, {
    ours: new Set([text]),
    fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
    scenario: async ({ programs, implementation }) => {
      const program = programs.start<Heard>(everySplit, {
        implementation,
        options: { side, text },
      });
      const { heard, cuts } = await program.next("heard");
      expect(heard).toHaveLength(cuts);
      return new Set(heard);
    },
  });
}

complaint(
  11,
  "one large message costs what its bytes cost in eight: linear, where quadratic is 8 times",
  {
    ours: expect.toSatisfy((factor: number) => factor < 3, "less than 3"),
    seenOn: {
      "node-ipc@9.2.1": expect.toSatisfy((factor: number) => factor > 4, "more than 4"),
      "node-ipc@14.0.0": expect.toSatisfy((factor: number) => factor > 4, "more than 4"),
    },
    scenario: async ({ programs, implementation }) => {
      // The real ones would need 14 seconds for 64 MiB.
      const mebibytes = implementation === "ours" ? 64 : 16;
      const options = { mebibytes, pieces: 8 };
      const program = programs.start<Measured>(largeMessage, { implementation, options });
      const { whole, inPieces } = await program.next("measured");
      return whole / inPieces;
    },
  },
);
