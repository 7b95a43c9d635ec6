import { tls } from "myelin";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { freePort } from "../../../../test/support/free-port.ts";
import { testCertificates } from "../../../../test/support/tls-certs.ts";

const { ca, server } = testCertificates();

transportSuite("tls", {
  transport: tls(server),
  dialling: tls({ ca }),
  address: async () => ({ scheme: "tls", host: "127.0.0.1", port: await freePort() }),
});
