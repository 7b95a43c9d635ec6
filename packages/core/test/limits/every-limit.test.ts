// Each limit has a default, words that name the attack it stops, and a test that attacks. This is the
// list of the tests; a limit that is in none of its rows fails here.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { limits } from "../../src/limits.ts";

const textOf = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");

const wire = "limits/wire-attacks.test.ts";
const door = "limits/door-attacks.test.ts";
const budget = "limits/budget.test.ts";

/** Where it is attacked: a file, and words of the test's title. */
const attacks: Readonly<Record<string, readonly [file: string, title: string]>> = {
  authorizeTimeoutMs: [door, "that never answers is a no, and the place is free again"],
  cancelGraceMs: ["endpoint/streams.test.ts", "is free after a while when it never does"],
  closeTimeoutMs: [
    "limits/close-timeout.test.ts",
    "a client's, though the server has stopped reading",
  ],
  connectionBytes: ["findings/finding-09-ping-during-transfer.test.ts", "finding 9"],
  datagramCookieMs: [
    "endpoint/udp-attacks.test.ts",
    "cannot use the cookie of another, an old one",
  ],
  datagramPeerIdleMs: ["transport/udp.test.ts", "are forgotten when they were silent for long"],
  datagramWaitingBytes: ["session/datagrams/datagram-inbox.test.ts", "what waits is bounded"],
  eventDatagramBytes: ["endpoint/udp.test.ts", "is at most one datagram: more is refused at once"],
  handshakeTimeoutMs: [door, "take up so many places, and not for ever"],
  heartbeatMs: ["endpoint/endpoint.test.ts", "a peer that falls silent is noticed"],
  highWaterMarkBytes: ["transport/memory.test.ts", "are full at the mark that they are given"],
  maxBinaryBytes: [wire, "of a terabyte costs nothing but its announcement"],
  maxBufferedBytes: [budget, "a hundred clients that never read"],
  maxDatagramBytes: ["transport/datagram.test.ts", "is a coded error to its sender"],
  maxDatagramPeers: ["transport/udp.test.ts", "are no more than allowed"],
  maxDetachedBytes: [budget, "a detached session is ended when it grows"],
  maxDetachedSessions: ["endpoint/resume.test.ts", "too many that wait: the oldest expire"],
  maxErrorCauses: ["session/calls/remote-error.test.ts", "takes no more of them along than arrive"],
  maxErrorDataBytes: [
    "session/calls/remote-error.test.ts",
    "is read no further than it could be sent",
  ],
  maxErrorTextBytes: ["session/calls/remote-error.test.ts", "brings at most 8 KiB of each text"],
  maxFrameBytes: [wire, "that is too long is refused by its length"],
  maxHeaderBytes: [
    "endpoint/message-extras.test.ts",
    "headers over the limit end the connection of who sent them",
  ],
  maxHelloBytes: [door, "that is larger is refused by its length, before it is there"],
  maxInboundCalls: [wire, "starts no more handlers than are allowed at once"],
  maxMessageBytes: [wire, "%s may be so large, and no byte more"],
  maxNameBytes: [wire, "are no place for data, when %s"],
  maxNames: [wire, "that this side makes up travel as text when there are too many"],
  maxOpenMessages: [wire, "are four at most, so that beginning is not free"],
  maxPausedBytes: [
    "transport/port.test.ts",
    "may flood it while nobody reads: beyond a limit it is cut",
  ],
  maxPeers: [door, "are no more than allowed; one more may come when another has left"],
  maxPendingCalls: ["endpoint/slow-peer.test.ts", "calls that wait for answers are counted"],
  maxPendingHandshakes: [door, "take up so many places, and not for ever"],
  maxQueuedBytes: ["endpoint/floods.test.ts", "tiny events that wait count for what they cost"],
  maxStreamWindowBytes: [wire, "get a window that grows up to a limit"],
  messageProgressTimeoutMs: [wire, "ends the session after a while: ERR_TIMEOUT"],
  peerHighWaterMarkBytes: ["endpoint/slow-peer.test.ts", "wait: send says when it is too much"],
  pulledBytes: ["endpoint/stream-turns.test.ts", "that are not read share each turn"],
  resumeWindowMs: ["endpoint/resume.test.ts", "ends at both sides when the window is over"],
  streamWindowBytes: [wire, "begin with as much as the window says"],
  maxUnheardBytes: ["endpoint/tls-refusal.test.ts", "one that goes on sending is cut before"],
  underWayBytes: [
    "findings/finding-09-ping-during-transfer.test.ts",
    "no more than 1.5 MiB are handed",
  ],
  welcomeTimeoutMs: [door, "does not keep a client waiting for ever"],
  windowBytes: [wire, "is under a window of bytes"],
  windowMessages: [wire, "is under a window of messages"],
};

/** What stops nobody, or nobody can attack. */
const others: readonly string[] = [
  // The size of pieces of our own.
  "writeChunkBytes",
  // A Unix socket takes or refuses a connection at once; this is for a system that hangs.
  "probeTimeoutMs",
  // What those are told who are turned away: a client that comes sooner is turned away again.
  "busyRetryMs",
];

interface Documented {
  readonly name: string;
  readonly words: string;
}

/** What has a docstring, up to what `end` matches. */
function documented(file: string, end: string): Documented[] {
  const docstring = String.raw`\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s+(?:readonly )?(\w+)`;
  const declared = textOf(`../src/${file}`).matchAll(new RegExp(docstring + end, "g"));
  return [...declared].map(([, words = "", name = ""]) => ({ name, words }));
}

/** The options of `limits`, as their interfaces declare them, with what is said of each. */
const options = documented("peer/endpoint-limits.ts", String.raw`\?: number;`);

/** The defaults, with what is said of each. */
const defaults = documented("limits.ts", String.raw`: [\d_]+`);

const names = [...new Set([...Object.keys(limits), ...options.map(({ name }) => name)])];

const countWords = (text: string): number => text.match(/\p{L}{2,}/gu)?.length ?? 0;

/**
 * Whether a test or a group of tests has these words in its title, and runs: the title stands where titles
 * do, in no comment, and neither it nor a group around it is skipped. By the indentation that Biome gives.
 */
function isRun(source: string, words: string): boolean {
  const code = source.replaceAll(/^ *\/\*[^]*?\*\/|^ *\/\/.*$/gm, "");
  const openings = [...code.matchAll(/^( *)(?:describe|test)\b([.\w]*)/gm)].reverse();
  const starts = [...code.matchAll(/^ *(?:(?:describe|test)\b.*?\(|\]?\)\()?["`](.*)$/gm)];
  const titled = starts.filter(([, rest = ""]) => rest.includes(words));
  const runs = ({ index, 0: line }: RegExpExecArray): boolean => {
    if (/["`], \{ (?:skip|todo)\b/.test(line)) return false;
    const around: string[] = [];
    let width = Number.POSITIVE_INFINITY;
    for (const { index: at, 1: indent = "", 2: how = "" } of openings) {
      if (at > index || indent.length >= width) continue;
      width = indent.length;
      around.push(how);
    }
    return around.length > 0 && !around.some((how) => /\.(?:skip|todo)\b/.test(how));
  };
  return titled.length > 0 && titled.every(runs);
}

describe("every limit", () => {
  test.each(names)("%s is attacked by a test", (name) => {
    if (others.includes(name)) return;
    const [file, title] = attacks[name] ?? ["", ""];
    expect(file, `no test attacks ${name}`).not.toBe("");
    expect(isRun(textOf(file), title), `${file} runs "${title}"`).toBe(true);
  });

  test("is a limit, in this list", () => {
    expect(names.length).toBeGreaterThan(35);
    expect([...Object.keys(attacks), ...others].filter((name) => !names.includes(name))).toEqual(
      [],
    );
  });

  test.each(options)("the option $name says its default and what it stops", ({ words }) => {
    const [text = "", value = ""] = words.split("@defaultValue");
    expect(value.trim()).not.toBe("");
    expect(countWords(text), text).toBeGreaterThanOrEqual(5);
    // What it stops, or what would happen without it.
    expect(text).toMatch(/\b(?:stops?|would|without it|blocks)\b/i);
  });

  test("has words where its default stands", () => {
    expect(defaults.map(({ name }) => name).sort()).toEqual(Object.keys(limits).sort());
    expect(defaults.filter(({ words }) => countWords(words) < 8)).toEqual([]);
  });
});

describe("a test that does not run attacks nothing", () => {
  test.each([
    ["is left out", 'test("another", () => {});'],
    ["is named in its body only", 'test("another", () => {\n  expect("the attack").toBe(1);\n});'],
    ["is commented out", '// test("the attack", () => {});'],
    ["is commented out with others", '/*\ntest("the attack", () => {});\n*/'],
    ["is skipped", 'test.skip("the attack", () => {});'],
    ["is skipped by an option", 'test("the attack", { skip: true }, () => {});'],
    ["is to be written", 'test.todo("the attack");'],
    ["is skipped in each case", 'test.skip.each([\n  ["x"],\n])("the attack of %s", () => {});'],
    ["is in a group that is", 'describe.skip("all", () => {\n  test("the attack", () => {});\n});'],
  ])("when it %s", (_, source) => {
    expect(isRun(source, "the attack")).toBe(false);
  });

  test.each([
    'test("the attack", () => {});',
    'describe.skip("others", () => {});\ntest.each([\n  ["x"],\n])("the attack of %s", () => {});',
    'describe("all", () => {\n  test.skip("another", () => {});\n  test(\n    "the attack", () => {});\n});',
  ])("and one that runs does: %s", (source) => {
    expect(isRun(source, "the attack")).toBe(true);
  });
});
