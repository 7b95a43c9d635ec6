import { udp } from "myelin";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { freePort } from "../../../../test/support/free-port.ts";

transportSuite("udp6", {
  transport: udp(),
  address: async () => ({ scheme: "udp", host: "::1", port: await freePort("udp6") }),
  refuses: false,
  maxBytes: 65_507,
});
