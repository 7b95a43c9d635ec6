// The rules of the transport contract, run against every transport: one suite, so that no transport can have its own
// idea of "closed". It uses only what vitest and node:test have in common, so that it also runs as a plain program
// on systems where vitest does not (`--alias:vitest=node:test` when bundling).
import { afterEach, beforeEach, describe, it } from "vitest";
import { connectingRules } from "./connecting.ts";
import { endingRules } from "./ending.ts";
import { exchangingRules } from "./exchanging.ts";
import { type TransportSetup, World } from "./world.ts";

/** One rule, with a world of its own. `needs` false: the transport does not claim it. */
export type Rule = (title: string, needs: boolean, check: (world: World) => Promise<void>) => void;

/** What a transport claims, for `needs`. */
export interface Claims {
  readonly stream: boolean;
  readonly ordered: boolean;
  readonly feedback: boolean;
  readonly refuses: boolean;
  readonly exclusive: boolean;
  readonly halfClose: boolean;
  readonly reusable: boolean;
  readonly frees: boolean;
  readonly discards: boolean;
  readonly maxBytes: number;
}

/** Checks a transport against the contract. */
export function transportSuite(name: string, setup: TransportSetup): void {
  const { stream, ordered, feedback, exclusive, halfClose } = setup.transport.capabilities;
  const claims: Claims = {
    stream,
    ordered,
    feedback,
    refuses: setup.refuses ?? true,
    exclusive: setup.exclusive ?? exclusive,
    halfClose: setup.halfClose ?? halfClose,
    reusable: setup.reusable ?? true,
    frees: setup.frees ?? stream,
    discards: setup.discards ?? true,
    maxBytes: setup.maxBytes ?? 8 * 1024 * 1024,
  };
  describe(`${name} keeps the transport contract:`, () => {
    let world: World;
    beforeEach(() => {
      world = new World(setup);
    });
    afterEach(() => world.end());
    const rule: Rule = (title, needs, check) => it(title, { skip: !needs }, () => check(world));
    connectingRules(rule, claims);
    exchangingRules(rule, claims);
    endingRules(rule, claims);
  });
}
