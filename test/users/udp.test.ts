// A datagram that is too large costs that datagram, and its sender is told.
import { freePort, type PortKind } from "../support/free-port.ts";
import type { Report } from "../support/program.ts";
import { complaint } from "./complaint.ts";

const largeDatagram = new URL("./programs/large-datagram.mjs", import.meta.url);

interface Heard extends Report {
  readonly type: "heard";
  readonly told: readonly unknown[];
  readonly heard: number;
}

const families = [
  ["udp4", "127.0.0.1"],
  ["udp6", "::1"],
] as const satisfies readonly (readonly [PortKind, string])[];

for (const [family, host] of families) {
  complaint(33, `${family}: a datagram over the limit is a coded error, and the socket goes on`, {
    ours: { told: [{ isError: true, code: "ERR_IPC_DATAGRAM_TOO_LARGE" }], heard: 100 },
    seenOn: {
      "node-ipc@9.2.1": { crashed: true },
      "node-ipc@12.0.0": { crashed: true },
      "node-ipc@14.0.0": { told: [], heard: 100 },
    },
    scenario: async ({ programs, implementation }) => {
      const program = programs.start<Heard>(largeDatagram, {
        implementation,
        options: { host, family, ports: [await freePort(family), await freePort(family)] },
      });
      const crash = program.exit.then(({ code }) => ({ crashed: code !== 0 }));
      const report = program.next("heard").then(({ told, heard }) => ({ told, heard }));
      report.catch(() => {});
      return await Promise.race([report, crash]);
    },
  });
}
