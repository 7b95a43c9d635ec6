import { tls } from "myelin";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { freePort } from "../../../../test/support/free-port.ts";
import { testCertificates } from "../../../../test/support/tls-certs.ts";

const { ca, client, server } = testCertificates();

transportSuite("mutual tls", {
  transport: tls({ ...server, ca, requestCert: true, rejectUnauthorized: true }),
  dialling: tls({ ...client, ca }),
  address: async () => ({ scheme: "tls", host: "127.0.0.1", port: await freePort() }),
});
