// One complaint of node-ipc's users as a test: a scenario that goes wrong on the versions where it was seen to, and
// well on ours. The versions are data, and they are asserted: a scenario that cannot fail proves nothing.
import { describe, expect } from "vitest";
import {
  canRun,
  type Implementation,
  type RealImplementation,
} from "../support/implementations.ts";
import { type Programs, test } from "../support/program.ts";

/** What a scenario has at hand. */
export interface Scene {
  /** Starts processes, and ends them with the test. */
  readonly programs: Programs;
  /** The node-ipc that the scenario is about. */
  readonly implementation: Implementation;
}

export interface Complaint {
  /** What our users see; asymmetric matchers allowed. */
  readonly ours: unknown;
  /** What was seen on the versions that have the fault; every one of these has to differ from `ours`. */
  readonly seenOn?: Partial<Record<RealImplementation, unknown>>;
  /** Real versions that were tried and behave as ours does. */
  readonly fineOn?: readonly RealImplementation[];
  readonly timeoutMs?: number;
  /** Plays it through under one implementation and says what a user would have seen. */
  readonly scenario: (scene: Scene) => Promise<unknown>;
}

/** `row` is the complaint's number in the README beside this file, `promise` what we hold against it. */
export function complaint(row: number, promise: string, complaint: Complaint): void {
  const { ours, seenOn = {}, fineOn = [], scenario, timeoutMs = 20_000 } = complaint;
  const options = { timeout: timeoutMs };

  describe(`row ${row}: ${promise}`, () => {
    test("ours", options, async ({ programs }) => {
      expect(await scenario({ programs, implementation: "ours" })).toEqual(ours);
    });
    for (const [name, seen] of Object.entries(seenOn)) {
      const implementation = name as RealImplementation;
      test.skipIf(!canRun(implementation))(`fails on ${name}`, options, async ({ programs }) => {
        const outcome = await scenario({ programs, implementation });
        expect(outcome).toEqual(seen);
        expect(outcome).not.toEqual(ours);
      });
    }
    for (const implementation of fineOn) {
      const name = `fine on ${implementation}`;
      test.skipIf(!canRun(implementation))(name, options, async ({ programs }) => {
        expect(await scenario({ programs, implementation })).toEqual(ours);
      });
    }
  });
}
