// The moments between a look and the deed, which no race of whole servers meets reliably.
import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { type FileIdentity, identify, removeDead } from "../../src/transport/socket-file.ts";

let beforeRename: (() => void) | undefined;

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
  };
});

let path: string;
let dead: FileIdentity;

beforeEach(() => {
  path = join(tempFolder(), "s");
  writeFileSync(path, "the dead one");
  dead = identify(path) ?? expect.fail();
  vi.mocked(renameSync).mockClear();
});
afterEach(removeTempFolders);

/** Another server comes, and its socket takes the name. */
function comeBetween(): FileIdentity {
  const aside = `${path}-other`;
  const server = createServer().listen(aside);
  renameSync(aside, path);
  server.close();
  return identify(path) ?? expect.fail();
}

describe("removing the file of a dead server", () => {
  test("removes what was found dead", () => {
    removeDead(path, dead);
    expect(identify(path)).toBeUndefined();
  });

  test("does not touch a file that took its name since", () => {
    const other = comeBetween();
    vi.mocked(renameSync).mockClear();
    removeDead(path, dead);
    expect(identify(path)).toEqual(other);
    expect(renameSync).not.toHaveBeenCalled();
  });

  test("puts back a file that took its name in the last moment", () => {
    let other: FileIdentity | undefined;
    beforeRename = () => {
      other = comeBetween();
    };
    removeDead(path, dead);
    expect(other).toBeDefined();
    expect(identify(path)).toEqual(other);
  });

  test("knows a file by more than its number, which the system gives out again", () => {
    removeDead(path, { ...dead, modified: dead.modified - 1n });
    expect(identify(path)).toEqual(dead);
  });

  test("is content when somebody else removed it", () => {
    beforeRename = () => removeDead(path, dead);
    removeDead(path, dead);
    expect(identify(path)).toBeUndefined();
  });
});
