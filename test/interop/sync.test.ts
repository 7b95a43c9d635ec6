import { describe } from "vitest";
import { type Program, test } from "../support/program.ts";
import { canMeet, cellName, pairs } from "./channels.ts";

const serverProgram = new URL("./one-by-one-server.mjs", import.meta.url);
const clientProgram = new URL("./one-by-one-client.mjs", import.meta.url);
const requests = 20;

type ServerReport = { type: "started" } | { type: "log"; log: string[] };
type ClientReport = { type: "answers"; answers: number[] };

describe.concurrent("a client in sync mode sends a request only after the answer to the last", () => {
  for (const pair of pairs) {
    test.runIf(canMeet(pair))(cellName(pair, "unix in sync mode"), async ({ programs, expect }) => {
      const options = { id: "one-by-one", requests };
      const server: Program<ServerReport> = programs.start(serverProgram, {
        implementation: pair.server,
        options,
      });
      await server.next("started");
      const client: Program<ClientReport> = programs.start(clientProgram, {
        implementation: pair.client,
        options,
      });
      const numbers = Array.from({ length: requests }, (_, index) => index + 1);
      expect((await client.next("answers")).answers).toEqual(numbers);
      expect((await server.next("log")).log).toEqual(
        numbers.flatMap((n) => [`request ${n}`, `answer ${n}`]),
      );
    });
  }
});
