import { testCertificates } from "../support/tls-certs.ts";
import { testStreams } from "./streams.ts";

const { ca, server, client } = testCertificates();

// Paths, because 9 to 12 put the key pair of their own package in the place of any other; both sides prove who they are.
testStreams({
  name: "mutual tls",
  kind: "tcp",
  serverConfig: {
    tls: {
      ...{ private: server.key, public: server.cert, trustedConnections: ca },
      ...{ requestCert: true, rejectUnauthorized: true },
    },
  },
  clientConfig: {
    tls: {
      ...{ private: client.key, public: client.cert, trustedConnections: [ca] },
      rejectUnauthorized: true,
    },
  },
});
