// The memory of real processes with real sockets, while one of them floods and the other takes
// nothing: however it is done, both stay within the budget and what a process of Node's has beside it.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleCore } from "../../../../test/support/core-bundle.ts";
import { freshAddress } from "../endpoint/pairing.ts";

const MiB = 1024 * 1024;

/** Small, so that a hundred peers who each have their own would show. */
const budgetBytes = 32 * MiB;
/** What each scenario tries to say in all. */
const attemptBytes = 200 * MiB;
/**
 * What a process has beside its budget: garbage that V8 has not collected yet, buffers of a hundred
 * sockets, promises and closures of calls that wait.
 */
const runtimeBytes = 96 * MiB;

const folder = mkdtempSync(join(tmpdir(), "my-"));
let core = "";
beforeAll(async () => {
  core = await bundleCore(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = fileURLToPath(new URL("programs/hoard.mjs", import.meta.url));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Report {
  readonly type: string;
  readonly address?: string;
  readonly base?: number;
  readonly peak?: number;
}

/** A process that holds or says what it is told. */
function start(options: object) {
  const child = fork(program, {
    execArgv: ["--expose-gc"],
    env: {
      ...process.env,
      MYELIN_CORE: core,
      PEER_OPTIONS: JSON.stringify(options),
      // What is freed goes back to the system, instead of being kept for the next.
      MALLOC_MMAP_THRESHOLD_: "32768",
    },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  started.push(child);
  const reports: Report[] = [];
  let wake = () => {};
  child.on("message", (report: Report) => {
    reports.push(report);
    wake();
  });
  let hasExited = false;
  child.on("exit", () => {
    hasExited = true;
    wake();
  });
  const next = async (type: string): Promise<Report> => {
    for (;;) {
      const found = reports.find((report) => report.type === type);
      if (found !== undefined) return found;
      if (hasExited) throw new Error(`it has exited before it was ${type}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { say: (message: string) => child.send(message), next };
}

interface Scenario {
  readonly act: string;
  /** Who says it; the other one takes nothing. */
  readonly by: "serve" | "connect";
  readonly clients?: number;
  readonly kind?: string;
  readonly slowPeer?: string;
  /** The flood is of what the other one has to answer: it is who is deaf. */
  readonly isDeafItself?: boolean;
}

/** All of them take minutes: `npm run memory`. Without it those run that differ most. */
const isLong = process.env["MEMORY"] === "all";
const chosen = (short: readonly string[], long: readonly string[]): string[] =>
  isLong ? [...short, ...long] : [...short];

/** What a process of another system is said to hold depends on more than what it holds. */
const isMeasured = process.platform === "linux";

/** Growth of the memory of both, in MiB. */
async function grown(scenario: Scenario): Promise<{ server: number; clients: number }> {
  const {
    act,
    by,
    clients = 100,
    isDeafItself = false,
    kind = "unix",
    slowPeer = "wait",
  } = scenario;
  const limits = { maxBufferedBytes: budgetBytes, maxBinaryBytes: 4 * MiB };
  // A hundred clients are a hundred endpoints.
  const each = { ...limits, maxBufferedBytes: budgetBytes / clients, maxBinaryBytes: 4 * MiB };
  const common = { clients, slowPeer, attemptBytes };
  const floods = (role: string): object =>
    role === by ? { act, isDeaf: isDeafItself } : { isDeaf: !isDeafItself };
  const server = start({
    ...common,
    ...floods("serve"),
    role: "serve",
    address: freshAddress(kind),
    limits,
  });
  const { address } = await server.next("ready");
  const others = start({ ...common, ...floods("connect"), role: "connect", address, limits: each });
  await others.next("ready");
  const [one, other] = by === "serve" ? [others, server] : [server, others];
  one.say("begin");
  await one.next("begun");
  other.say("begin");
  await other.next("said");
  const growth = async (end: typeof server): Promise<number> => {
    end.say("measure");
    const { peak = 0 } = await end.next("measured");
    const { base = 0 } = await end.next("begun");
    return (peak - base) / MiB;
  };
  return { server: await growth(server), clients: await growth(others) };
}

const most = (budgetBytes + runtimeBytes) / MiB;
/** Each endpoint may overdraw its budget by a message, and each of a hundred clients is one. */
const overdraft = (100 * 2_000_000) / MiB;

async function check(scenario: Scenario): Promise<void> {
  const { clients, server } = await grown(scenario);
  if (isLong) {
    const numbers = `server +${server.toFixed(0)}, clients +${clients.toFixed(0)} MiB`;
    process.stderr.write(`${JSON.stringify(scenario)} ${numbers}\n`);
  }
  expect(server).toBeLessThan(most);
  const areLarge = scenario.by === "connect" && scenario.act === "send large bytes";
  expect(clients).toBeLessThan(areLarge ? most + overdraft : most);
}

describe.skipIf(!isMeasured)("finding 20: a hundred clients that never read", () => {
  test.each(chosen(["drop-oldest"], ["wait", "drop-newest", "disconnect"]))(
    "slowPeer: %s",
    async (slowPeer) => {
      await check({ act: "send", by: "serve", slowPeer });
    },
  );

  test.each(
    chosen(["broadcast bytes"], ["send large bytes", "post", "broadcast", "send bytes", "call"]),
  )("%s", async (act) => {
    await check({ act, by: "serve" });
  });

  test.each(
    chosen(["call for large answers"], ["stream", "call for answers", "stream large items"]),
  )("and %s", async (act) => {
    await check({ act, by: "connect", isDeafItself: true });
  });

  test.each(chosen(["send large bytes"], ["send"]))(
    "over tcp, where all is kept for a return: %s",
    async (act) => {
      await check({ act, by: "serve", kind: "tcp" });
    },
  );
});

describe.skipIf(!isMeasured)("finding 20: one client that never reads", () => {
  test.each(chosen(["send"], ["post", "call"]))("%s", async (act) => {
    await check({ act, by: "serve", clients: 1 });
  });
});

describe.skipIf(!isMeasured)("finding 20: a server that never reads", () => {
  test.each(chosen(["upload"], ["send large bytes", "send", "post", "call"]))("%s", async (act) => {
    await check({ act, by: "connect", clients: 1 });
  });
});

describe.skipIf(!isMeasured)(
  "finding 20: handlers that never settle, and a hundred clients that go on",
  () => {
    test.each(chosen(["send large bytes"], ["upload", "send", "call", "upload large items"]))(
      "%s",
      async (act) => {
        await check({ act, by: "connect", isDeafItself: true });
      },
    );
  },
);
