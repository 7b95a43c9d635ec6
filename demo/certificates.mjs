// Certificates for the TLS rows, made on the fly by the recipe of the examples.
import { join } from "node:path";
import { makeCertificates } from "../examples/tls-certificates/make.mjs";

/**
 * What goes into `ipc.config.tls` on either side: both show a certificate, both check the other's.
 * Without openssl there is `missing` instead, with the reason.
 */
export function certificatesIn(folder) {
  let paths;
  try {
    paths = makeCertificates(join(folder, "certificates"));
  } catch (error) {
    if (error.code === "ENOENT") return { missing: "openssl was not found" };
    return { missing: `openssl failed: ${error.message.split("\n")[0]}` };
  }
  const { ca, server, client } = paths;
  const strict = { trustedConnections: ca, rejectUnauthorized: true };
  return {
    missing: undefined,
    server: { private: server.key, public: server.cert, requestCert: true, ...strict },
    client: { private: client.key, public: client.cert, ...strict },
  };
}
