// What only separate processes show: workers of a cluster that serve over UDP.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Client, connect } from "myelin";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { freePort } from "../../../../test/support/free-port.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { until, within } from "../../../../test/support/within.ts";

let library: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  library = await bundleCore(tempFolder());
});
// Its workers go with it.
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(removeTempFolders);

interface Report {
  readonly worker: number;
  readonly address?: string;
  readonly code?: string;
  readonly message?: string;
}

test("workers of a cluster share no port over UDP: the second is told so, and each may have its own", async () => {
  const address = `udp://127.0.0.1:${await freePort("udp4")}`;
  const program = fileURLToPath(new URL("fixtures/cluster-udp.mjs", import.meta.url));
  const primary = fork(program, [library, address], { execArgv: [] });
  children.push(primary);
  const reports: Report[] = [];
  primary.on("message", (report: Report) => void reports.push(report));
  await until("what came of it", () => reports.length === 4);
  const first = reports.filter(({ worker }) => worker === 1);
  const second = reports.filter(({ worker }) => worker === 2);
  expect(second[0]).toMatchObject({
    code: "ERR_ADDRESS_IN_USE",
    message: expect.stringMatching(/node:cluster.*a port of its own/) as string,
  });
  const own = [first[1]?.address, second[1]?.address] as string[];
  expect(first[0]?.address).toBe(address);
  expect(new Set([address, ...own]).size).toBe(3);
  const answers = [address, ...own].map(async (where) => {
    const client = await connect(where);
    const whose = await within("the worker", answered(client));
    await client.close();
    return whose;
  });
  expect(await Promise.all(answers)).toEqual([1, 1, 2]);
});

function answered(client: Client): Promise<unknown> {
  const answer = new Promise((resolve) => void client.on("mine", resolve));
  client.send("whose");
  return answer;
}
