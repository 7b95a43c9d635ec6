import { local } from "myelin";
import { afterEach, beforeEach } from "vitest";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";

let count = 0;

beforeEach(() => {
  process.env["MYELIN_DIR"] = tempFolder();
});
afterEach(() => {
  delete process.env["MYELIN_DIR"];
  removeTempFolders();
});

transportSuite("local", {
  transport: local(),
  address: () => ({ scheme: "local", name: `test-${count++}` }),
});
