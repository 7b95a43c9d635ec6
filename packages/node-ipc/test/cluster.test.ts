// Finding 22: in a cluster the workers share one socket, and no worker takes it away from the others.
import { lstatSync } from "node:fs";
import { expect } from "vitest";
import { test } from "../../../test/support/program.ts";
import { dial, frame } from "./wire-peer.ts";

type Report =
  | { type: "listening"; worker: number; path: string }
  | { type: "heard"; worker: number; data: unknown }
  | { type: "gone"; worker: number };

test("finding 22: four workers serve one path; when one is killed the others go on", async ({
  programs,
}) => {
  const program = programs.start<Report>(
    new URL("./programs/cluster-server.mjs", import.meta.url),
    { implementation: "ours", options: { workers: 4 } },
  );
  const paths = new Set<string>();
  for (let n = 0; n < 4; n += 1) paths.add((await program.next("listening")).path);
  expect([...paths]).toEqual([`${programs.socketRoot}app.world`]);
  const [path] = [...paths] as [string];
  expect(lstatSync(path).isSocket()).toBe(true);
  program.send({ kill: 1 });
  await program.next("gone");
  expect(lstatSync(path).isSocket()).toBe(true);
  for (let n = 0; n < 8; n += 1) {
    const wire = await dial(path);
    wire.send(frame("n", n));
    expect(await program.next("heard")).toMatchObject({ data: n });
    wire.socket.destroy();
  }
  program.send({ stop: true });
  for (let n = 0; n < 3; n += 1) await program.next("gone");
});
