import { join } from "node:path";
import { unix } from "myelin";
import { afterEach } from "vitest";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";

afterEach(removeTempFolders);

transportSuite("unix", {
  transport: unix(),
  address: () => ({ scheme: "unix", path: join(tempFolder(), "s") }),
});
