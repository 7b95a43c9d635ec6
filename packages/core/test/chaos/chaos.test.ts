// Connections that break at any byte and processes that are killed at any moment: what was accepted is
// delivered once and in order, or told as lost; and what is called is answered, or fails with the truth.
// Each run has a seed in its name: `npm run chaos -- --seed N` does the same, and more of it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bundleParty } from "./bundle-party.ts";
import { oneProcessRun } from "./one-process-run.ts";
import { processRun } from "./process-run.ts";

const seed = Date.now() % 2 ** 31;
const folder = mkdtempSync(join(tmpdir(), "my-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** On a busy machine; each of them takes two or three seconds. */
const timeout = 120_000;

describe(`chaos (seed ${seed})`, { timeout }, () => {
  test("over tcp, sessions outlive 150 broken connections: nothing is lost, nothing fails", async () => {
    const { broken, faults, resumed, totals } = await oneProcessRun({
      ...{ seed, faults: 150, windowMs: 30_000, isLossless: true },
    });
    expect(faults).toEqual([]);
    expect(sum(broken)).toBe(150);
    expect(resumed).toBeGreaterThan(50);
    expect(totals.events).toBeGreaterThan(1_000);
  });

  test("over tcp, sessions that come back too late end, and the gap is told", async () => {
    const { broken, faults, totals } = await oneProcessRun({
      ...{ seed, faults: 150, windowMs: 15, isLossless: false },
    });
    expect(faults).toEqual([]);
    expect(sum(broken)).toBe(150);
    expect(totals.sessions).toBeGreaterThan(3);
  });

  test("over unix sockets every broken connection is the end of a session, and told", async () => {
    const { broken, faults, totals } = await oneProcessRun({
      ...{ seed, faults: 150, windowMs: 0, isLossless: false, folder },
    });
    expect(faults).toEqual([]);
    expect(sum(broken)).toBe(150);
    expect(totals.sessions).toBeGreaterThan(50);
  });

  test.each(["unix", "tcp"] as const)("processes are killed, over %s", async (kind) => {
    const own = mkdtempSync(join(folder, kind));
    const party = await bundleParty(own);
    const { faults, killed, totals } = await processRun({
      ...{ seed, kills: 5, kind, folder: own, party },
    });
    expect(faults).toEqual([]);
    expect(killed.client + killed.server).toBe(5);
    expect(totals.events).toBeGreaterThan(100);
  });
});

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((one, other) => one + other, 0);
}
