import { unix } from "myelin";
import { describe, it } from "vitest";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";

let count = 0;

if (process.platform === "linux") {
  transportSuite("unix, abstract", {
    transport: unix(),
    address: () => ({
      scheme: "unix",
      path: `myelin-test-${process.pid}-${count++}`,
      abstract: true,
    }),
  });
} else {
  describe("unix, abstract keeps the transport contract:", () => {
    it("only Linux has abstract names", { skip: true }, () => {});
  });
}
