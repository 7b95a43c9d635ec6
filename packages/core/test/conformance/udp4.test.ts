import { udp } from "myelin";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { freePort } from "../../../../test/support/free-port.ts";

transportSuite("udp4", {
  transport: udp(),
  address: async () => ({ scheme: "udp", host: "127.0.0.1", port: await freePort("udp4") }),
  refuses: false,
  maxBytes: 65_507,
});
