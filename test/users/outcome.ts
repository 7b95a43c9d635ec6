import type { StartOptions } from "../support/program.ts";
import type { Scene } from "./complaint.ts";

/** Runs a program that tells everything in one report, and returns what it told. */
export async function outcomeOf(
  { programs, implementation }: Scene,
  file: URL,
  start: Omit<StartOptions, "implementation"> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { type: _, ...told } = await programs
    .start(file, { ...start, implementation })
    .next(() => true);
  return told;
}
