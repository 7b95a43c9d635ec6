// The command line.
import { parseArgs } from "node:util";
import { isKnownPeer, peerNames } from "./peers.mjs";
import { scenarios } from "./scenarios.mjs";

export const usage = `npm run bench -- [options]

  --quick            everything once and briefly: counts and contents, no trustworthy speeds
  --long             also what takes long: 64 MiB through node-ipc 14
  --only a,b         these scenarios: ${scenarios.map(({ name }) => name).join(", ")}
  --peers a,b        these peers: ${peerNames.join(", ")},
                     or the path of a module (bench/README.md)
  --rounds n         each round runs in new processes (7; with --quick 1)
  --assert           fail when a goal is missed, too
  --json file        write everything that was measured
  --help`;

class UsageError extends Error {}

function list(text, what, isKnown) {
  const names = text?.split(",").filter((name) => name !== "");
  const stranger = names?.find((name) => !isKnown(name));
  if (stranger !== undefined) throw new UsageError(`No ${what} is called "${stranger}".`);
  return names;
}

function roundsOf({ rounds, quick }) {
  if (rounds === undefined) return quick ? 1 : 7;
  if (!/^[1-9]\d*$/.test(rounds)) throw new UsageError(`--rounds ${rounds}: not a number.`);
  return Number(rounds);
}

/** Ends the process with status 2 when the arguments make no sense. */
export function optionsOf(args) {
  const flag = { type: "boolean", default: false };
  const text = { type: "string" };
  try {
    const { values } = parseArgs({
      args,
      options: {
        quick: flag,
        long: flag,
        assert: flag,
        help: flag,
        ...{ only: text, peers: text, rounds: text, json: text },
      },
    });
    const isScenario = (name) => scenarios.some((scenario) => scenario.name === name);
    return {
      ...values,
      rounds: roundsOf(values),
      only: list(values.only, "scenario", isScenario),
      peers: list(values.peers, "peer", isKnownPeer),
    };
  } catch (error) {
    if (!(error instanceof UsageError) && !error.code?.startsWith("ERR_PARSE_ARGS")) throw error;
    console.error(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}
