// The benchmark can be believed only if it notices what it should: these runs feed it peers that
// lose, double or change a message.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeBinary } from "./support/implementations.ts";

const runFile = fileURLToPath(new URL("../bench/run.mjs", import.meta.url));
const honestPeer = new URL("../bench/peers/bare-net.mjs", import.meta.url).href;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bench-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Run {
  readonly status: number;
  readonly output: string;
}

function bench(...args: string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    execFile(nodeBinary, [runFile, ...args], { timeout: 25_000 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      if (typeof status === "number") resolve({ status, output: stdout + stderr });
      else reject(error);
    });
  });
}

/** A peer that is honest up to its 1,000th message; `lie` is what it sends instead of that one. */
async function liar(name: string, lie: string): Promise<string> {
  const path = join(folder, `${name}.mjs`);
  await writeFile(
    path,
    `import { peer as honest } from ${JSON.stringify(honestPeer)};
     export const peer = {
       serve: honest.serve,
       async connect(target, handlers) {
         const { send } = await honest.connect(target, handlers);
         let count = 0;
         return { send(data) { if (++count === 1000) { ${lie} } else send(data); } };
       },
     };`,
  );
  return path;
}

test("measures, checks and reports", { timeout: 30_000 }, async () => {
  const json = join(folder, "report.json");
  const { status, output } = await bench(
    ...["--quick", "--rounds", "1", "--only", "oneway", "--peers", "ours,bare-net"],
    ...["--json", json],
  );
  expect(output).toContain("Every message arrived once, in order and unchanged.");
  expect(status).toBe(0);
  const report = JSON.parse(await readFile(json, "utf8"));
  expect(report.problems).toEqual([]);
  expect(report.machine).toMatchObject({ node: expect.stringMatching(/^v\d/) });
  expect(report.scenarios).toHaveLength(1);
  expect(Object.keys(report.scenarios[0].peers)).toEqual(["ours", "bare-net"]);
  for (const peer of ["ours", "bare-net"]) {
    expect(report.scenarios[0].peers[peer].rounds).toHaveLength(1);
    expect(report.scenarios[0].peers[peer].value).toBeGreaterThan(0);
  }
});

describe("a peer that lies fails the run", () => {
  test.each([
    ["loses", "", "expected message 999, got"],
    ["doubles", "send(data); send(data);", "expected message 1000, got"],
    ["changes", "send({ ...data, message: 'GET /' });", "expected message 999, got"],
  ])("one that %s a message", { timeout: 30_000 }, async (name, lie, complaint) => {
    const peers = await liar(name, lie);
    const { status, output } = await bench("--quick", "--only", "oneway", "--peers", peers);
    expect(output).toContain(complaint);
    expect(output).toContain("1 wrong.");
    expect(status).toBe(1);
  });

  test("one that loses everything from some message on", { timeout: 30_000 }, async () => {
    // No later message shows the gap: only the missing acknowledgement does.
    const peers = await liar("truncates", "count = 999;");
    const { status, output } = await bench("--quick", "--only", "oneway", "--peers", peers);
    expect(output).toMatch(/\d+ events sent, only 500 acknowledged/);
    expect(status).toBe(1);
  });
});

test("an unknown name is refused before anything runs", async () => {
  const { status, output } = await bench("--only", "onway");
  expect(output).toContain('No scenario is called "onway".');
  expect(status).toBe(2);
});
