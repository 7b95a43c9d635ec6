import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { securePrivateFolder } from "myelin";
import { afterEach, describe, expect, test } from "vitest";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import {
  checkLocalPath,
  describeOwner,
  localPipePath,
  localPlaces,
  maxLocalPathBytes,
} from "../../src/address/local-path.ts";

afterEach(removeTempFolders);

const notSafe = (why: string) =>
  expect.objectContaining({ code: "ERR_PERMISSION", message: expect.stringContaining(why) });
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe("the length of a path", () => {
  test("is what the system can hold", () => {
    expect(maxLocalPathBytes).toBe({ linux: 107, win32: 256 }[process.platform as string] ?? 103);
  });

  test("counts bytes, not characters", () => {
    const fits = "ü".repeat(Math.floor(maxLocalPathBytes / 2));
    checkLocalPath(fits);
    expect(() => checkLocalPath(`${fits}üü`)).toThrow(
      expect.objectContaining({
        code: "ERR_PATH_TOO_LONG",
        message: expect.stringMatching(new RegExp(`allows ${maxLocalPathBytes}: ü+$`)),
      }),
    );
  });
});

describe.skipIf(process.platform === "win32")("a private folder", () => {
  test("is made with its parents, for us only", () => {
    const parent = join(tempFolder(), "new");
    const folder = join(parent, "private");
    securePrivateFolder(folder);
    expect([modeOf(parent), modeOf(folder)]).toEqual(["700", "700"]);
    securePrivateFolder(`${folder}/`);
  });

  test("is refused, and left as it is, when others can reach it", () => {
    const folder = tempFolder();
    for (const mode of [0o755, 0o710, 0o770, 0o701]) {
      chmodSync(folder, mode);
      expect(() => securePrivateFolder(folder)).toThrow(notSafe(mode.toString(8)));
      expect(modeOf(folder)).toBe(mode.toString(8));
    }
  });

  test("is refused when it is a link, even to a private folder", () => {
    const folder = tempFolder();
    mkdirSync(join(folder, "real"), { mode: 0o700 });
    symlinkSync("real", join(folder, "link"));
    symlinkSync("nowhere", join(folder, "dangling"));
    for (const name of ["link", "link/", "dangling"]) {
      expect(() => securePrivateFolder(join(folder, name))).toThrow(notSafe("symbolic link"));
    }
  });

  test("is refused when it is a file", () => {
    const path = join(tempFolder(), "file");
    writeFileSync(path, "");
    expect(() => securePrivateFolder(path)).toThrow(notSafe("not a folder"));
  });

  test.skipIf(process.getuid?.() !== 0)("is refused when it belongs to somebody else", () => {
    const folder = tempFolder();
    chownSync(folder, 12_345, 12_345);
    expect(() => securePrivateFolder(folder)).toThrow(notSafe("belongs to user 12345"));
  });

  test("tells the system's reason when it cannot be made", () => {
    const file = join(tempFolder(), "file");
    writeFileSync(file, "");
    expect(() => securePrivateFolder(join(file, "below"))).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: "ENOTDIR" }) }),
    );
  });
});

describe.skipIf(process.platform === "win32")("the owner of a socket", () => {
  test("is told, and modules are found through links afterwards as before", async () => {
    const folder = realpathSync(tempFolder());
    const path = join(folder, "s");
    await using server = createServer().listen(path);
    await once(server, "listening");
    writeFileSync(join(folder, "module.cjs"), "module.exports = __filename;");
    symlinkSync(folder, join(folder, "linked"));
    const load = createRequire(join(folder, "main.cjs"));
    // From now on Node knows the folder.
    expect(load("./module.cjs")).toBe(join(folder, "module.cjs"));
    expect(describeOwner(path)).toBe(
      `${path} is this user's own; its mode or its file system forbids it`,
    );
    expect(load("./linked/module.cjs")).toBe(join(folder, "module.cjs"));
  });
});

describe("the places of a local name", () => {
  const pathsOf = (environment: NodeJS.ProcessEnv): string[] =>
    localPlaces("world", environment).map(({ path }) => path);
  const last = join(tmpdir(), `myelin-${process.getuid?.() ?? 0}`, "world.sock");

  test("end with the folder for temporary files", () => {
    expect(pathsOf({}).at(-1)).toBe(last);
    expect(pathsOf({ XDG_RUNTIME_DIR: "", MYELIN_DIR: "" })).toEqual(pathsOf({}));
  });

  test("begin with what the user chose", () => {
    const places = localPlaces("world", { MYELIN_DIR: "/chosen", XDG_RUNTIME_DIR: "/runtime" });
    expect(places.map(({ path }) => path)).toEqual([
      join("/chosen", "world.sock"),
      join("/runtime", "myelin", "world.sock"),
      ...pathsOf({}),
    ]);
    expect(places.map(({ chosen }) => chosen).filter(Boolean)).toHaveLength(1);
  });

  test("are named only once", () => {
    const folder = join(tmpdir(), `myelin-${process.getuid?.() ?? 0}`);
    expect(pathsOf({ MYELIN_DIR: folder })).toEqual(pathsOf({}).sort((a) => (a === last ? -1 : 1)));
  });

  test("on Windows are one pipe of this user", () => {
    expect(localPipePath("world")).toMatch(/^\\\\\.\\pipe\\myelin-[\w.-]+-world$/);
  });
});
