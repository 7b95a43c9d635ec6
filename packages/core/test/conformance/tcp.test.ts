import { tcp } from "myelin";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { freePort } from "../../../../test/support/free-port.ts";

transportSuite("tcp", {
  transport: tcp(),
  address: async () => ({ scheme: "tcp", host: "127.0.0.1", port: await freePort() }),
});

transportSuite("tcp over IPv6", {
  transport: tcp(),
  address: async () => ({ scheme: "tcp", host: "::1", port: await freePort() }),
});
