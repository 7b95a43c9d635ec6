// Several workers of a cluster serve one path; whoever leaves takes nothing away from the others.
import { existsSync } from "node:fs";
import type { Report } from "../support/program.ts";
import { complaint } from "./complaint.ts";
import { whoAnswers } from "./socket-file.ts";

const clusterWorkers = new URL("./programs/cluster-workers.mjs", import.meta.url);

interface Gone extends Report {
  readonly type: "worker gone";
  readonly worker: number;
}

complaint(
  38,
  "4 cluster workers serve one path, and keep it when one of them is killed or leaves",
  {
    ours: {
      four: new Set(["1", "2", "3", "4"]),
      killed: { file: true, answer: new Set(["1", "3", "4"]) },
      left: { file: true, answer: new Set(["1", "4"]) },
    },
    fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
    scenario: async ({ programs, implementation }) => {
      const path = `${programs.socketRoot}app.shared`;
      const primary = programs.start<Gone | (Report & { type: "started" })>(clusterWorkers, {
        implementation,
        options: { count: 4 },
      });
      await primary.next("started");

      /** The primary hands connections out in turn: two rounds reach everybody. */
      const everybody = async (count: number) => {
        const names = new Set<string>();
        for (let asked = 0; asked < 2 * count; asked++) names.add(await whoAnswers(path));
        return names;
      };
      const four = await everybody(4);
      primary.send({ kill: 2 });
      await primary.next("worker gone");
      const killed = { file: existsSync(path), answer: await everybody(3) };
      primary.send({ leave: 3 });
      await primary.next("worker gone");
      return { four, killed, left: { file: existsSync(path), answer: await everybody(2) } };
    },
  },
);
