/** `config.tls` in the core's terms: node-ipc's names for files, and what the profiles demand. */
import type { CertificateSource, TlsOptions } from "myelin";
import type { TlsConfig } from "./defaults.ts";
import { IPCProtocolError } from "./protocol-error.ts";

const recipe =
  "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost -keyout server.key -out server.pub";

/** Never changes the program's object. */
function translate(config: TlsConfig): TlsOptions {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new IPCProtocolError("ERR_IPC_TLS_CONFIGURATION", "ipc.config.tls must be an object");
  }
  const { private: keyFile, public: certificateFile, trustedConnections, ...options } = config;
  // To programs of node-ipc, an option that is undefined is one that they did not give.
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) Reflect.deleteProperty(options, key);
  }
  const ca = [...listOf(options.ca), ...listOf(trustedConnections)];
  return {
    ...options,
    ...(keyFile ? { key: keyFile } : {}),
    ...(certificateFile ? { cert: certificateFile } : {}),
    ...(ca.length > 0 ? { ca } : {}),
  };
}

function listOf(
  source: CertificateSource | readonly CertificateSource[] | undefined,
): (string | Uint8Array)[] {
  if (source === undefined || source === "") return [];
  return typeof source === "string" || source instanceof Uint8Array ? [source] : [...source];
}

/** Options for dialling. With `assured`, both sides must prove who they are. */
export function clientTlsOptions(config: TlsConfig, assured: boolean): TlsOptions {
  const options = translate(config);
  const isProven = options.ca && options.key && options.cert;
  if (assured && (options.rejectUnauthorized === false || !isProven)) {
    throw new IPCProtocolError(
      "ERR_IPC_ASSURED_TLS",
      "assured clients need a key, a certificate, a trusted ca and rejectUnauthorized",
    );
  }
  return options;
}

/** Options for listening. With trusted clients the core asks for a certificate by itself. */
export function serverTlsOptions(config: TlsConfig, assured: boolean): TlsOptions {
  const options = translate(config);
  if (!options.pfx && !(options.key && options.cert) && !options.SNICallback) {
    throw new IPCProtocolError(
      "ERR_IPC_TLS_CONFIGURATION",
      `a TLS server needs a key and a certificate: set tls.private and tls.public (paths) or tls.key and tls.cert; to make a pair: ${recipe}`,
    );
  }
  const { ca, rejectUnauthorized, requestCert } = options;
  const isProven = (requestCert ?? true) && rejectUnauthorized !== false && ca;
  if (assured && !isProven) {
    throw new IPCProtocolError(
      "ERR_IPC_ASSURED_TLS",
      "assured servers need a trusted client ca, requestCert and rejectUnauthorized",
    );
  }
  return options;
}
