// File systems and sandboxes without hard links (Termux, for one): the path is bound itself, and the contract holds.
import { once } from "node:events";
import { linkSync, lstatSync, readdirSync, renameSync, unlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { unix } from "myelin";
import { afterEach, describe, expect, test, vi } from "vitest";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { echo } from "../../../../test/conformance/world.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";

vi.mock("node:fs", async (original) => ({
  ...(await original<typeof import("node:fs")>()),
  linkSync: vi.fn(() => {
    throw Object.assign(new Error("EACCES: permission denied, link"), { code: "EACCES" });
  }),
}));

afterEach(removeTempFolders);

transportSuite("unix without hard links", {
  transport: unix(),
  address: () => ({ scheme: "unix", path: join(tempFolder(), "s") }),
});

describe("without hard links", () => {
  test("a path is bound before listen returns its promise", async () => {
    const folder = tempFolder();
    const listening = unix().listen({ scheme: "unix", path: join(folder, "s") }, echo);
    expect(readdirSync(folder)).toEqual(["s"]);
    expect(linkSync).toHaveBeenCalled();
    const listener = await listening;
    await listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("the file of a dead server goes to exactly one of many", async () => {
    const folder = tempFolder();
    const path = join(folder, "s");
    const dead = createServer().listen(join(folder, "dead"));
    await once(dead, "listening");
    renameSync(join(folder, "dead"), path);
    dead.close();
    const attempts = Array.from({ length: 10 }, () =>
      unix().listen({ scheme: "unix", path }, echo),
    );
    const outcomes = await Promise.allSettled(attempts);
    const winners = outcomes.filter((each) => each.status === "fulfilled");
    expect(winners).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(["s"]);
    for (const { value } of winners) await value.close();
  });

  test("a close does not remove the path of another server", async () => {
    const path = join(tempFolder(), "s");
    const first = await unix().listen({ scheme: "unix", path }, echo);
    unlinkSync(path);
    const second = await unix().listen({ scheme: "unix", path }, echo);
    const { ino } = lstatSync(path);
    await first.close();
    expect(lstatSync(path).ino).toBe(ino);
    const connection = await unix().dial({ scheme: "unix", path });
    connection.abort();
    await second.close();
  });
});
