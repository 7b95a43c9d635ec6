// An example's README is its test: every ```console block shows a terminal, `$ command` and what it prints.
import { readFileSync } from "node:fs";

/** One terminal of a README. */
export interface Session {
  /** As typed, in the repository's root. */
  readonly command: string;
  /** What it prints to stdout, from the first line to the last. */
  readonly output: string;
}

const consoleBlock = /^```console\n\$ (?<command>.*)\n(?<output>(?:(?!```).*\n)*)```$/gm;

/** The terminals of a README, in the order in which they are to be opened. */
export function sessionsOf(readme: URL): readonly Session[] {
  return Array.from(readFileSync(readme, "utf8").matchAll(consoleBlock), ({ groups }) => ({
    command: groups?.["command"] ?? "",
    output: groups?.["output"] ?? "",
  }));
}
