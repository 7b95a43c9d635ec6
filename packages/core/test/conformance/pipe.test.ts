import { pipe } from "myelin";
import { describe, it } from "vitest";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";

let count = 0;

if (process.platform === "win32") {
  // Wine lends a taken name out again, forgets what is on its way when one direction ends, and delivers what was
  // aborted.
  const wine = process.env["MYELIN_TEST_WINE"] !== undefined;
  transportSuite("pipe", {
    transport: pipe(),
    address: () => ({ scheme: "pipe", path: `\\\\.\\pipe\\myelin-test-${process.pid}-${count++}` }),
    exclusive: !wine,
    halfClose: !wine,
    discards: !wine,
    frees: false,
  });
} else {
  describe("pipe keeps the transport contract:", () => {
    it("only Windows has named pipes", { skip: true }, () => {});
  });
}
