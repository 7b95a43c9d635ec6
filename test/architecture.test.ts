// Which file may import which. The floors of the core are a ladder; a breach is a failing test, not
// a matter of review. CONTRIBUTING.md draws the same picture.
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../scripts/command.mjs";

/** Everybody may import these, and they import nothing but each other. */
const ground = [
  ...["errors", "limits", "emitter", "abort-watch"],
  ...["diagnostics", "options", "clock", "fifo", "patience", "promise-of"],
];

/** What each floor may import besides the ground and itself. `type:` allows types only. */
const floors: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(ground.map((floor) => [floor, []])),
  bytes: [],
  framing: ["bytes"],
  codec: [],
  address: [],
  transport: ["address"],
  session: ["bytes", "framing", "codec", "contract", "peer", "type:transport/transport.ts"],
  client: ["session", "transport", "address", "framing", "codec", "contract", "peer"],
  server: ["session", "transport", "address", "framing", "codec", "contract", "peer"],
  contract: [],
  // Interfaces and options, and nothing that runs.
  peer: ["contract", "type:codec/codec.ts", "type:transport/transport.ts", "type:transport/tls.ts"],
  testing: ["bytes", "framing", "codec", "address", "transport", "session", "contract"],
  index: [
    ...["bytes", "framing", "codec", "address", "transport"],
    ...["client", "server", "contract", "peer"],
  ],
};

/** Sockets and files are the business of one floor, so that the rest can be tested with plain bytes. */
const systemModules = ["node:net", "node:tls", "node:dgram", "node:fs", "node:fs/promises"];
const mayUseSystem = /^(transport\/|address\/local-path\.ts$)/;

/** These floors take time, turns and chance from the clock that they are given, and from nowhere else. */
const mustUseClock = /^(session|client|server)\//;
/** Lines of code that go past the clock; text and comments are not code. */
function pastTheClock(source: string): string[] {
  const code = source.replaceAll(
    /("(?:[^"\\\n]|\\.)*")|\/\*[^]*?\*\/|\/\/.*/g,
    (_, text?: string) => (text !== undefined && /^"(node:)?[a-z_/]+"$/.test(text) ? text : ""),
  );
  const forbidden = [
    /(?<![\w$#.])((globalThis|global)\.)?(setTimeout|setInterval|setImmediate|Date|performance)\b/,
    /\b(Math\.random|AbortSignal\.timeout|process\.(hrtime|uptime))\b/,
    /\b(crypto|webcrypto)\.(random\w+|getRandomValues)\b/,
    /^import\b[^;]*\brandom\w*\b[^;]*"(node:)?crypto"/m,
    /"(node:)?(timers|timers\/promises|perf_hooks)"/,
  ];
  return forbidden.flatMap((pattern) => pattern.exec(code)?.[0] ?? []);
}

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function filesUnder(folder: string, wanted: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => wanted.test(path) && !path.includes("node_modules"));
}

function importsOf(folder: string): Import[] {
  return filesUnder(folder, /\.ts$/).flatMap((from) => {
    const text = readFileSync(join(root, folder, from), "utf8");
    const statements = text.matchAll(
      /^(import|export)\b([^"';]*?)\bfrom "([^"]+)"|^import "([^"]+)"/gm,
    );
    return [...statements].map(([, , names = "", specifier, bare]) => ({
      from,
      specifier: specifier ?? bare ?? "",
      typeOnly: /^\s+type\b/.test(names),
    }));
  });
}

function floorOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : basename(path, ".ts");
}

function isAllowed({ from, specifier, typeOnly }: Import): boolean {
  const target = relative(".", join(dirname(from), specifier)).replaceAll("\\", "/");
  const floor = floorOf(target);
  const allowed = floors[floorOf(from)] ?? [];
  const isGround = ground.includes(floor) && from !== "errors.ts";
  if (isGround || floor === floorOf(from) || allowed.includes(floor)) return true;
  return typeOnly && allowed.includes(`type:${target}`);
}

const describeImport = ({ from, specifier }: Import): string => `${from} imports ${specifier}`;

describe("the core", () => {
  const imports = importsOf("packages/core/src");

  test("every file stands on a known floor", () => {
    const unknown = filesUnder("packages/core/src", /\.ts$/).filter(
      (path) => !floors[floorOf(path)],
    );
    expect(unknown).toEqual([]);
  });

  test("imports point downwards only", () => {
    const own = imports.filter(({ specifier }) => specifier.startsWith("."));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter((each) => !isAllowed(each)).map(describeImport)).toEqual([]);
  });

  test.each([
    { from: "errors.ts", specifier: "./limits.ts", typeOnly: false },
    { from: "codec/json-event.ts", specifier: "../framing/delimiter.ts", typeOnly: false },
    { from: "transport/tcp.ts", specifier: "../index.ts", typeOnly: false },
    {
      from: "session/sending/outbox.ts",
      specifier: "../../transport/transport.ts",
      typeOnly: false,
    },
    { from: "session/sending/outbox.ts", specifier: "../../transport/tcp.ts", typeOnly: true },
    { from: "contract/entry.ts", specifier: "../peer/peer.ts", typeOnly: true },
    { from: "peer/peer.ts", specifier: "../transport/transport.ts", typeOnly: false },
    {
      from: "session/sending/outbox.ts",
      specifier: "../../testing/virtual-clock.ts",
      typeOnly: false,
    },
    { from: "testing/memory-ends.ts", specifier: "../client/client.ts", typeOnly: false },
    { from: "index.ts", specifier: "./testing/index.ts", typeOnly: false },
  ])("a breach would be noticed: $from imports $specifier", (breach) => {
    expect(isAllowed(breach)).toBe(false);
  });

  test("it depends on nothing but Node", () => {
    const foreign = imports.filter(({ specifier }) => !/^(\.|node:)/.test(specifier));
    expect(foreign.map(describeImport)).toEqual([]);
  });

  test("sockets and files are used on one floor only", () => {
    const users = imports.filter(
      ({ from, specifier, typeOnly }) =>
        systemModules.includes(specifier) && !typeOnly && !mayUseSystem.test(from),
    );
    expect(users.map(describeImport)).toEqual([]);
  });
});

describe("what happens when", () => {
  test("is decided by the clock in sessions, clients and servers", () => {
    const breaches = filesUnder("packages/core/src", /\.ts$/)
      .filter((path) => mustUseClock.test(path))
      .flatMap((path) => {
        const source = readFileSync(join(root, "packages/core/src", path), "utf8");
        return pastTheClock(source).map((line) => `${path}: ${line}`);
      });
    expect(breaches).toEqual([]);
  });

  test.each([
    "setTimeout(run, 5);",
    "const later = globalThis.setTimeout;",
    "setInterval(run, 5);",
    "setImmediate(run);",
    "const now = Date.now();",
    "const at = new Date();",
    "const now = performance.now();",
    "const jitter = Math.random();",
    "const token = crypto.randomBytes(16);",
    "const id = crypto.randomUUID();",
    'import { createHmac, randomBytes } from "node:crypto";',
    'import {\n  createHmac,\n  randomFillSync,\n} from "node:crypto";',
    'import { setTimeout as sleep } from "node:timers/promises";',
    'import { performance as time } from "node:perf_hooks";',
    "const signal = AbortSignal.timeout(5);",
    "const start = process.hrtime.bigint();",
    "const text = `at ${Date.now()}`;",
  ])("a breach would be noticed: %s", (line) => {
    expect(pastTheClock(`import { x } from "./x.ts";\n${line}\n`)).not.toEqual([]);
  });

  test.each([
    "clock.setTimeout(run, 5);",
    "this.#clock.setImmediate(this.#run);",
    "const token = clock.randomBytes(16);",
    "const jitter = clock.random();",
    "// A Date would be odd here, as would Math.random().",
    "/** Not setTimeout. */",
    'const text = "no Date";',
    'import { createHmac, timingSafeEqual } from "node:crypto";',
    "const isUpToDate = true;",
  ])("this is none: %s", (line) => {
    expect(pastTheClock(`import { x } from "./x.ts";\n${line}\n`)).toEqual([]);
  });
});

describe("the drop-in", () => {
  test("uses what the core exports, and no file of it", () => {
    const foreign = importsOf("packages/node-ipc/src").filter(
      ({ specifier }) =>
        specifier !== "myelin" && (!/^(\.|node:)/.test(specifier) || specifier.startsWith("../..")),
    );
    expect(foreign.map(describeImport)).toEqual([]);
  });
});

describe("every file", () => {
  const sources = ["core", "node-ipc"].flatMap((name) =>
    filesUnder(`packages/${name}/src`, /\.ts$/).map((path) => `packages/${name}/src/${path}`),
  );
  const tests = ["packages/core/test", "packages/node-ipc/test", "test"].flatMap((folder) =>
    filesUnder(folder, /\.(ts|mjs|cjs)$/).map((path) => `${folder}/${path}`),
  );
  const linesOf = (path: string) => readFileSync(join(root, path), "utf8").split("\n").length - 1;

  test("is short enough to be read in one go", () => {
    const long = [
      ...sources.filter((path) => linesOf(path) > 400),
      ...tests.filter((path) => linesOf(path) > 600),
    ];
    expect(long).toEqual([]);
  });

  test("is named after what it holds", () => {
    const drawers = sources.filter((path) => /\b(utils?|helpers?|types|common|misc)\b/.test(path));
    const otherwise = sources.filter((path) => !/^[a-z0-9-]+\.ts$/.test(basename(path)));
    expect([...drawers, ...otherwise]).toEqual([]);
  });
});
