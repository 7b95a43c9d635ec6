// Finding 19: a handler that throws is the program's own affair; nobody else's messages are lost.
import { describe, expect } from "vitest";
import { test } from "../../../test/support/program.ts";

interface Done {
  readonly type: "done";
  readonly order: string[];
  readonly uncaught: string[];
}

describe("finding 19: a throwing handler", () => {
  const program = new URL("./programs/throwing-handlers.mjs", import.meta.url);

  test.for(["server", "client"])(
    "skips the rest of its event's handlers and nothing else, at a %s",
    async (side, { programs }) => {
      const run = programs.start<Done>(program, { implementation: "ours", options: { side } });
      const { order, uncaught } = await run.next("done");
      expect(order).toEqual(["1 first", "2 first", "2 second", "3 first", "4 first", "4 second"]);
      expect(uncaught).toEqual(["thrown by 1", "thrown by 3"]);
      expect(await run.exit).toEqual({ code: 0, signal: null });
    },
  );

  test("without a listener for uncaught exceptions the process ends, with the handler's error", async ({
    programs,
  }) => {
    const run = programs.start<Done>(program, {
      implementation: "ours",
      options: { side: "server", uncaught: true },
    });
    expect(await run.exit).toEqual({ code: 1, signal: null });
    expect(run.output).toContain("thrown by 1");
    expect(run.output).toContain("throwing-handlers.mjs"); // The stack is the handler's.
  });
});
