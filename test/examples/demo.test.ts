// `npm run demo`: it tells the truth, it ends, and it leaves nothing behind.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canRun } from "../support/implementations.ts";
import { DemoRun } from "./demo-run.ts";

const fourteen = canRun("node-ipc@14.0.0");
const liar = fileURLToPath(new URL("fixtures/lying-peer.cjs", import.meta.url));

// The columns between the peers and the verdict: how many messages, how long a round trip, how many a second.
const figures = String.raw`[\d,]+ +[\d,]+ µs +[\d,]+/s`;
const pairs = [
  ["ours → 9.2.1", true],
  ["9.2.1 → ours", true],
  ["ours → 14.0.0", fourteen],
  ["14.0.0 → ours", fourteen],
  ["ours → ours", true],
] as const;

/** Over TCP and TLS: the library speaks with itself, too. */
const rowsOfStreams = pairs.length + 1;

function expectGoodRows(rows: readonly string[]): void {
  for (const [index, [peers, played]] of pairs.entries()) {
    const rest = played ? `${figures} +✓$` : "– +– +– +– not played: 14.0.0 does not run on Node";
    expect(rows[index]).toMatch(new RegExp(`^${peers} +${rest}`));
  }
}

test("plays every pair over every transport and leaves nothing behind", {
  timeout: 90_000,
}, async () => {
  using demo = new DemoRun([]);
  expect(await demo.status(), demo.output).toBe(0);

  for (const transport of ["unix", "tcp", "tls", "udp"]) expectGoodRows(demo.rows(transport));
  for (const transport of ["unix", "tcp", "tls"]) {
    const own = new RegExp(`^myelin → myelin +${figures} +✓ calls, events, streams$`);
    expect(demo.rows(transport)[5]).toMatch(own);
  }
  expect(demo.rows("unix")[6]).toMatch(/^\d clients → ours .* ✓ broadcast to 9\.2\.1, /);
  expect(demo.rows("tcp")).toHaveLength(rowsOfStreams);
  expect(demo.rows("udp")).toHaveLength(pairs.length);
  expect(demo.output).toMatch(/✓ \d+ conversations, [\d,]+ messages, [\d.]+ s/);

  // 24 rows with two processes each, or more.
  expect(demo.started.length).toBeGreaterThan(fourteen ? 40 : 24);
  await expect.poll(() => demo.alive, { timeout: 5_000 }).toEqual([]);
  expect(demo.litter).toEqual([]);
});

test("prints plain lines when nobody looks", { timeout: 60_000 }, async () => {
  using demo = new DemoRun(["unix"], { FORCE_COLOR: "1" });
  expect(await demo.status(), demo.output).toBe(0);
  expect(demo.output).not.toContain("\u001B");
  expect(demo.output).not.toContain("\r");
});

test("runs twice at once", { timeout: 90_000 }, async () => {
  using one = new DemoRun(["tcp", "udp"]);
  using other = new DemoRun(["tcp", "udp"]);
  expect(await one.status(), one.output).toBe(0);
  expect(await other.status(), other.output).toBe(0);
});

const silent = "last one lost";

describe("says so when a message is", () => {
  const lying = (lie: string): DemoRun =>
    new DemoRun(["tcp"], {
      MYELIN_DEMO_OURS: liar,
      MYELIN_DEMO_DEADLINE_MS: "6000",
      LIE: lie,
    });
  // Most of its time it waits for what does not come: beside the others.
  let silence: DemoRun;
  beforeAll(() => {
    silence = lying(silent);
  });
  afterAll(() => silence[Symbol.dispose]());

  test.each([
    ["changed", "message 500 arrived changed"],
    ["lost", "message 501 arrived in the place of 500"],
    ["twice", "message 500 arrived twice"],
    ["died", "the peer has had enough"],
    [silent, "999 of 1000 messages arrived"],
  ])("%s", { timeout: 60_000 }, async (lie, verdict) => {
    using demo = lie === silent ? silence : lying(lie);
    expect(await demo.status(), demo.output).toBe(1);

    const rows = demo.rows("tcp");
    const accused = ["ours → 9.2.1", "ours → ours", ...(fourteen ? ["ours → 14.0.0"] : [])];
    for (const peers of accused) {
      const row = rows.find((text) => text.startsWith(peers));
      expect(row).toContain("✗");
      expect(row).toContain(verdict);
    }
    // The liar's servers are honest.
    expect(rows.find((text) => text.startsWith("9.2.1 → ours"))).toContain("✓");
    expect(demo.output).toContain(`${accused.length} went wrong`);
    await expect.poll(() => demo.alive, { timeout: 5_000 }).toEqual([]);
    expect(demo.litter).toEqual([]);
  });
});

test("goes on without openssl and says what that costs", { timeout: 60_000 }, async () => {
  const empty = mkdtempSync(join(tmpdir(), "no-openssl-"));
  try {
    using demo = new DemoRun(["tcp", "tls"], { PATH: empty });
    expect(await demo.status(), demo.output).toBe(0);
    expectGoodRows(demo.rows("tcp"));
    for (const row of demo.rows("tls")) expect(row).toContain("not played: openssl was not found");
    expect(demo.rows("tls")).toHaveLength(rowsOfStreams);
    expect(demo.output).toContain(`${rowsOfStreams} not played`);
  } finally {
    rmSync(empty, { recursive: true });
  }
});

test.skipIf(process.platform === "win32")(
  "cleans up when it is interrupted",
  { timeout: 60_000 },
  async () => {
    using demo = new DemoRun([]);
    await demo.printed("ours → 9.2.1");
    demo.interrupt();
    expect(await demo.status()).toBe(130);
    await expect.poll(() => demo.alive, { timeout: 5_000 }).toEqual([]);
    expect(demo.litter).toEqual([]);
  },
);

test("knows its transports", { timeout: 60_000 }, async () => {
  using demo = new DemoRun(["pigeon"]);
  expect(await demo.status()).toBe(2);
  expect(demo.output).toContain('No transport is called "pigeon". There are: unix, tcp, tls, udp.');
});
