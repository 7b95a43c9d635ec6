import { chmodSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type LocalAddress, local } from "myelin";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { echo } from "../../../../test/conformance/world.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";

const world: LocalAddress = { scheme: "local", name: "world" };
const open: (() => unknown)[] = [];

beforeEach(() => {
  vi.stubEnv("MYELIN_DIR", undefined);
  vi.stubEnv("XDG_RUNTIME_DIR", undefined);
  // The last resort of a process that knows nothing else: not the real one.
  vi.stubEnv("TMPDIR", tempFolder());
});
afterEach(async () => {
  for (const end of open.splice(0)) await end();
  vi.unstubAllEnvs();
  removeTempFolders();
});

async function listen(): Promise<string> {
  const listener = await local().listen(world, echo);
  open.push(() => listener.close());
  return listener.server.address() as string;
}

describe.skipIf(process.platform === "win32")("a local name", () => {
  test("lives in the folder that the user chose", async () => {
    const folder = join(tempFolder(), "chosen");
    vi.stubEnv("MYELIN_DIR", folder);
    vi.stubEnv("XDG_RUNTIME_DIR", tempFolder());
    expect(await listen()).toBe(join(folder, "world.sock"));
    expect((statSync(folder).mode & 0o777).toString(8)).toBe("700");
    expect(readdirSync(folder)).toEqual(["world.sock"]);
  });

  test("is a file that is its user's alone, whatever the umask, unless it is to be everybody's", async () => {
    vi.stubEnv("MYELIN_DIR", join(tempFolder(), "modes"));
    const mode = async (options: Parameters<typeof local>[0]): Promise<string> => {
      const listener = await local(options).listen({ scheme: "local", name: "modes" }, () => {});
      const { mode } = statSync(listener.server.address() as string);
      await listener.close();
      return (mode & 0o777).toString(8);
    };
    expect(await mode({})).toBe("600");
    expect(await mode({ readableAll: true, writableAll: true })).toMatch(/[67][67][67]/);
  });

  test("lives in the runtime folder, else among the temporary files", async () => {
    const runtime = tempFolder();
    expect(dirname(await listen())).toBe(
      join(process.env["TMPDIR"] ?? "", `myelin-${process.getuid?.()}`),
    );
    vi.stubEnv("XDG_RUNTIME_DIR", runtime);
    expect(await listen()).toBe(join(runtime, "myelin", "world.sock"));
  });

  test("too long for every folder, or for the one that was chosen, is one error at both ends", async () => {
    const tooLong = expect.objectContaining({ code: "ERR_PATH_TOO_LONG" });
    const both = async (address: LocalAddress) => {
      await expect(local().listen(address, echo)).rejects.toEqual(tooLong);
      await expect(local().dial(address)).rejects.toEqual(tooLong);
    };
    await both({ scheme: "local", name: "x".repeat(103) });
    vi.stubEnv("XDG_RUNTIME_DIR", `/${"r".repeat(100)}`);
    await expect(local().dial(world)).rejects.toMatchObject({
      code: "ERR_NOT_FOUND",
      message: expect.stringMatching(/this system allows.*rrr.*world\.sock \(/),
    });
    expect(await listen()).toContain(process.env["TMPDIR"]);
    vi.stubEnv("MYELIN_DIR", `/${"c".repeat(100)}`);
    await both(world);
  });

  test("is found by a client that sees another environment", async () => {
    const path = await listen();
    vi.stubEnv("MYELIN_DIR", join(tempFolder(), "chosen"));
    vi.stubEnv("XDG_RUNTIME_DIR", tempFolder());
    const connection = await local().dial(world);
    open.push(() => connection.abort());
    expect(connection.remote).toEqual({ scheme: "unix", path });
  });

  test("that nobody listens to is an error that names every place", async () => {
    const [chosen, runtime] = [tempFolder(), tempFolder()];
    vi.stubEnv("MYELIN_DIR", chosen);
    vi.stubEnv("XDG_RUNTIME_DIR", runtime);
    const error = (await local()
      .dial(world)
      .catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({ code: "ERR_NOT_FOUND", address: "local:world" });
    for (const folder of [chosen, join(runtime, "myelin"), process.env["TMPDIR"] ?? ""]) {
      expect(error.message).toContain(folder);
    }
  });

  test("is not served from a folder that others can reach", async () => {
    const folder = tempFolder();
    chmodSync(folder, 0o755);
    vi.stubEnv("MYELIN_DIR", folder);
    await expect(listen()).rejects.toMatchObject({ code: "ERR_PERMISSION" });
    expect((statSync(folder).mode & 0o777).toString(8)).toBe("755");
  });

  test("is not looked for there either: somebody else could answer", async () => {
    const runtime = tempFolder();
    vi.stubEnv("XDG_RUNTIME_DIR", runtime);
    const path = await listen();
    chmodSync(dirname(path), 0o777);
    await expect(local().dial(world)).rejects.toMatchObject({
      code: "ERR_NOT_FOUND",
      message: expect.stringContaining("others can reach it"),
    });
  });

  test("goes to the next folder when one that nobody chose is unsafe", async () => {
    const runtime = tempFolder();
    mkdirSync(join(runtime, "myelin"), { mode: 0o777 });
    chmodSync(join(runtime, "myelin"), 0o777);
    vi.stubEnv("XDG_RUNTIME_DIR", runtime);
    expect(await listen()).toContain(process.env["TMPDIR"]);
  });

  test("cannot lead out of its folder", async () => {
    vi.stubEnv("MYELIN_DIR", tempFolder());
    const sly = { scheme: "local", name: "../world" } as const;
    await expect(local().listen(sly, echo)).rejects.toMatchObject({ code: "ERR_INVALID_ADDRESS" });
    await expect(local().dial(sly)).rejects.toMatchObject({ code: "ERR_INVALID_ADDRESS" });
  });

  test("gives up when told to, and does not look on", async () => {
    const dialling = local().dial(world, { signal: AbortSignal.abort() });
    await expect(dialling).rejects.toMatchObject({ code: "ERR_ABORTED" });
  });
});
