import { afterEach, describe, test } from "vitest";
import { removeTempFolders } from "../../../../test/support/temp-path.ts";
import { expectConformance } from "./own-process.ts";

afterEach(removeTempFolders);

describe("ipc keeps the transport contract", () => {
  test.each(["json", "advanced"])("over a channel that carries %s", async (serialization) => {
    await expectConformance("ipc", { nodeArgs: ["--expose-internals"], args: [serialization] });
  });
});
