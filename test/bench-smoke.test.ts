// The benchmark can be believed only if it notices what it should: these runs feed it peers that
// lose, double or change a message.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeBinary } from "./support/implementations.ts";

const runFile = fileURLToPath(new URL("../bench/run.mjs", import.meta.url));
const honestPeer = new URL("../bench/peers/bare-net.mjs", import.meta.url).href;
const framedPeer = new URL("../bench/peers/bare-net-framed.mjs", import.meta.url).href;
const callsByHand = new URL("../bench/traffic/calls-by-hand.mjs", import.meta.url).href;

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

/** The peer that measures Myelin, on the sources: a benchmark run has it from the build. */
async function myelinFromSources(): Promise<string> {
  const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const path = join(folder, "myelin.mjs");
  const api = JSON.stringify(file("../bench/peers/myelin-api.mjs"));
  const core = JSON.stringify(file("../packages/core/src/index.ts"));
  await build({
    stdin: {
      contents: `import * as myelin from ${core};
        import { myelinPeer } from ${api};
        export const peer = myelinPeer(myelin);`,
      resolveDir: folder,
    },
    outfile: path,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  return path;
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

test.each([
  ["events, calls and streams", "events,calls,call-latency,streams,fan-out", "bare-net-batched"],
  ["bytes", "binary-64k,binary-1m", "bare-net-framed"],
])("exchanges %s with Myelin and by hand", { timeout: 60_000 }, async (_, only, byHand) => {
  const myelin = await myelinFromSources();
  const json = join(folder, `${byHand}.json`);
  const { status, output } = await bench(
    ...["--quick", "--only", only, "--peers", `${myelin},${byHand}`, "--json", json],
  );
  expect(output).toContain("Every message arrived once, in order and unchanged.");
  expect(output).not.toContain("Installing");
  expect(status).toBe(0);
  const { scenarios } = JSON.parse(await readFile(json, "utf8"));
  expect(scenarios.map(({ name }: { name: string }) => name)).toEqual(only.split(","));
  for (const { peers } of scenarios) {
    expect(Object.keys(peers)).toEqual([myelin, byHand]);
    for (const { value } of Object.values<{ value: number }>(peers)) {
      expect(value).toBeGreaterThan(0);
    }
  }
});

const lies = [
  {
    ...{ about: "answers", only: "calls", honest: honestPeer },
    lie: "call: async (data) => ({ ...(await link.call(data)), id: -1 })",
    complaint: "expected message 0, got",
  },
  {
    ...{ about: "items", only: "streams", honest: honestPeer },
    lie: "stream: (request, onItem) => link.stream(request, (item) => item.id === 500 || onItem(item))",
    complaint: "expected message 500, got",
  },
  {
    ...{ about: "bytes", only: "binary-64k", honest: framedPeer },
    lie: "sendBytes(bytes) { bytes[5000] ^= 1; link.sendBytes(bytes); }",
    complaint: "message 0 came out changed",
  },
];

test.each(lies)(
  "a peer that lies about $about fails the run",
  { timeout: 30_000 },
  async (each) => {
    const path = join(folder, `lies-about-${each.about}.mjs`);
    await writeFile(
      path,
      `import { peer as honest } from ${JSON.stringify(each.honest)};
     import { withCalls } from ${JSON.stringify(callsByHand)};
     const { serve, connect } = withCalls(honest);
     export const peer = {
       serve,
       async connect(...args) {
         const link = await connect(...args);
         return { ...link, ${each.lie} };
       },
     };`,
    );
    const { status, output } = await bench("--quick", "--only", each.only, "--peers", path);
    expect(output).toContain(each.complaint);
    expect(status).toBe(1);
  },
);

describe("a peer that lies fails the run", () => {
  test.each([
    // The next message shows the gap. On a busy machine the time may be over with just this one, so that
    // there is no next: then the missing acknowledgement shows it.
    ["loses", "", /expected message 999, got|1000 events sent, only 500 acknowledged/],
    ["doubles", "send(data); send(data);", /expected message 1000, got/],
    ["changes", "send({ ...data, message: 'GET /' });", /expected message 999, got/],
  ])("one that %s a message", { timeout: 30_000 }, async (name, lie, complaint) => {
    const peers = await liar(name, lie);
    const { status, output } = await bench("--quick", "--only", "oneway", "--peers", peers);
    expect(output).toMatch(complaint);
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
