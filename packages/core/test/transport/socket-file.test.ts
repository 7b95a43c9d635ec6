// The moments between a look and the deed, which no race of whole servers meets reliably.
import {
  chownSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { unix } from "myelin";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { echo } from "../../../../test/conformance/world.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import {
  type FileIdentity,
  identify,
  removeDead,
  removeDeadUnlocked,
} from "../../src/transport/socket-file.ts";

let beforeRename: (() => void) | undefined;
let beforeUnlink: ((path: unknown) => void) | undefined;
let withoutHardLinks = false;

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  return {
    ...fs,
    renameSync: vi.fn((from: string, to: string) => {
      const act = beforeRename;
      beforeRename = undefined;
      act?.();
      fs.renameSync(from, to);
    }),
    unlinkSync: (path: string) => {
      const act = beforeUnlink;
      beforeUnlink = undefined;
      act?.(path);
      fs.unlinkSync(path);
    },
    linkSync: (from: string, to: string) => {
      // As the systems do it: a name that is taken is found first.
      if (!withoutHardLinks || fs.existsSync(to)) fs.linkSync(from, to);
      else throw Object.assign(new Error("EPERM: operation not permitted"), { code: "EPERM" });
    },
  };
});

let path: string;
let dead: FileIdentity;
const servers: Server[] = [];

beforeEach(() => {
  path = join(tempFolder(), "s");
  writeFileSync(path, "the dead one");
  dead = identify(path) ?? expect.fail();
  vi.mocked(renameSync).mockClear();
});
afterEach(() => {
  beforeRename = undefined;
  beforeUnlink = undefined;
  withoutHardLinks = false;
  for (const server of servers.splice(0)) server.close();
  removeTempFolders();
});

/** Another server comes, and its socket takes the name. */
function comeBetween(): FileIdentity {
  const aside = `${path}-other`;
  const server = createServer().listen(aside);
  renameSync(aside, path);
  server.close();
  return identify(path) ?? expect.fail();
}

/** The hidden name of a server that would have the path. */
function contender(): string {
  const hidden = `${path}-contender-${servers.length}`;
  servers.push(createServer().listen(hidden));
  return hidden;
}

/** What is in the folder besides the path and the contenders. */
function others(): string[] {
  return readdirSync(dirname(path)).filter((name) => !name.startsWith("s"));
}

/** A contender is killed while it removes a file. @returns the lock that it leaves behind. */
async function killedAt(of: string, identity: FileIdentity): Promise<string> {
  const hidden = contender();
  const before = new Set(others());
  let lock = "";
  beforeUnlink = () => {
    lock = join(dirname(path), others().find((name) => !before.has(name)) ?? expect.fail());
    linkSync(hidden, `${hidden}-kept`);
    throw new Error("killed");
  };
  await expect(removeDead(of, identity, hidden)).rejects.toThrow("killed");
  renameSync(`${hidden}-kept`, lock);
  servers.pop()?.close();
  return lock;
}

describe("removing the file of a dead server", () => {
  test("removes what was found dead, and leaves no lock", async () => {
    await removeDead(path, dead, contender());
    expect(identify(path)).toBeUndefined();
    expect(others()).toEqual([]);
  });

  test("does not touch a file that took its name since", async () => {
    const other = comeBetween();
    await removeDead(path, dead, contender());
    expect(identify(path)).toEqual(other);
    expect(others()).toEqual([]);
  });

  test("is done by one at a time, so that nobody can take the name in the last moment", async () => {
    const [first, second] = [contender(), contender()];
    let tried: Promise<void> | undefined;
    beforeUnlink = (removed) => {
      expect(removed).toBe(path);
      tried = removeDead(path, dead, second);
      expect(identify(path)).toEqual(dead);
    };
    await removeDead(path, dead, first);
    expect(tried).toBeDefined();
    await tried;
    expect(identify(path)).toBeUndefined();
    expect(others()).toEqual([]);
  });

  test("goes on where one was killed at it, and another at the lock of that one", async () => {
    const lock = await killedAt(path, dead);
    const second = await killedAt(lock, identify(lock) ?? expect.fail());
    expect(others()).toHaveLength(2);
    const survivor = contender();
    // What stands in the way goes first.
    for (const next of [second, lock, path]) {
      expect(identify(next)).toBeDefined();
      await removeDead(path, dead, survivor);
      expect(identify(next)).toBeUndefined();
    }
    expect(others()).toEqual([]);
  });

  test("is not kept from it by what somebody put in the place of the lock", async () => {
    const lock = await killedAt(path, dead);
    unlinkSync(lock);
    writeFileSync(lock, "no lock of ours");
    await removeDead(path, dead, contender());
    expect(identify(path)).toBeUndefined();
    expect(readFileSync(lock, "utf8")).toBe("no lock of ours");
  });

  test.runIf(process.getuid?.() === 0)("nor by a socket of another user there", async () => {
    const lock = await killedAt(path, dead);
    chownSync(lock, 4_711, 4_711);
    await removeDead(path, dead, contender());
    expect(identify(path)).toBeUndefined();
    expect(identify(lock)?.owner).toBe(4_711n);
  });

  test("knows a file by more than its number, which the system gives out again", async () => {
    await removeDead(path, { ...dead, modified: dead.modified - 1n }, contender());
    expect(identify(path)).toEqual(dead);
  });
});

describe("removing it where no lock can be made", () => {
  test("removes what was found dead", () => {
    removeDeadUnlocked(path, dead);
    expect(identify(path)).toBeUndefined();
  });

  test("does not touch a file that took its name since", () => {
    const other = comeBetween();
    vi.mocked(renameSync).mockClear();
    removeDeadUnlocked(path, dead);
    expect(identify(path)).toEqual(other);
    expect(renameSync).not.toHaveBeenCalled();
  });

  test("puts back a file that took its name in the last moment", () => {
    let other: FileIdentity | undefined;
    beforeRename = () => {
      other = comeBetween();
    };
    removeDeadUnlocked(path, dead);
    expect(other).toBeDefined();
    expect(identify(path)).toEqual(other);
  });

  test("is content when somebody else removed it", () => {
    beforeRename = () => removeDeadUnlocked(path, dead);
    removeDeadUnlocked(path, dead);
    expect(identify(path)).toBeUndefined();
  });
});

describe("a folder without hard links", () => {
  test.each(["a free path", "the file of a dead server"])("serves %s", async (what) => {
    withoutHardLinks = true;
    unlinkSync(path);
    if (what !== "a free path") comeBetween();
    const listener = await unix().listen({ scheme: "unix", path }, echo);
    expect(readdirSync(dirname(path))).toEqual(["s"]);
    await listener.close();
    expect(readdirSync(dirname(path))).toEqual([]);
  });
});
