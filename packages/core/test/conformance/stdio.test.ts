// Pipes of one direction, as a shell makes them, two for each connection.
import { execFileSync } from "node:child_process";
import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { type StandardStreams, stdio } from "myelin";
import { afterAll, describe, it } from "vitest";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { manyWays } from "./many-ways.ts";

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** Names of pipes that nobody has opened yet. */
const fresh: string[] = [];
let count = 0;

function makePipe(): { readonly stdout: Socket; readonly stdin: Socket } {
  if (fresh.length === 0) {
    const folder = tempFolder();
    for (let n = 0; n < 100; n++) fresh.push(join(folder, String(count++)));
    execFileSync("mkfifo", fresh);
  }
  const path = fresh.pop() as string;
  // A pipe can be written to only when somebody reads it.
  const reading = openSync(path, O_RDONLY | O_NONBLOCK);
  const writing = openSync(path, O_WRONLY | O_NONBLOCK);
  return {
    stdout: new Socket({ fd: reading, readable: true, writable: false }),
    stdin: new Socket({ fd: writing, readable: false, writable: true }),
  };
}

if (process.platform === "win32") {
  describe("stdio keeps the transport contract:", () => {
    it("Windows has no pipes with names in files to try it on", { skip: true }, () => {});
  });
} else {
  afterAll(removeTempFolders);
  transportSuite(
    "stdio",
    manyWays<StandardStreams>({
      way: stdio,
      pair: () => {
        const [one, other] = [makePipe(), makePipe()];
        return [
          { stdin: one.stdin, stdout: other.stdout },
          { stdin: other.stdin, stdout: one.stdout },
        ];
      },
    }),
  );
}
