/** Keys and certificates as programs have them (paths, text, bytes), in the form that Node takes. */
import { readFileSync } from "node:fs";
import type { SecureContextOptions } from "node:tls";
import { MyelinError } from "../errors.ts";
import { shown } from "../options.ts";

/** A path to a file, the PEM text itself (it contains `-----BEGIN`), or the bytes of either. */
export type CertificateSource = string | Uint8Array;

/** What `tls()` takes as a file, text or bytes. Files are read at each `dial` and `listen`. */
export interface CertificateOptions {
  /** Private key, or several (then with `cert` in the same order). */
  key?:
    | CertificateSource
    | readonly (CertificateSource | { pem: CertificateSource; passphrase?: string })[];
  /** Certificate that belongs to the key, followed by those in between, up to the authority's. */
  cert?: CertificateSource | readonly CertificateSource[];
  /**
   * Authorities to trust instead of the well-known ones. A server that is given some asks its clients
   * for a certificate (`requestCert`).
   */
  ca?: CertificateSource | readonly CertificateSource[];
  /** Key and certificate in one PKCS #12 file. */
  pfx?:
    | CertificateSource
    | readonly (CertificateSource | { buf: CertificateSource; passphrase?: string })[];
  /** Lists of revoked certificates. */
  crl?: CertificateSource | readonly CertificateSource[];
  /** Parameters for DHE ciphers, or "auto". */
  dhparam?: CertificateSource;
}

type Loaded = Pick<SecureContextOptions, keyof CertificateOptions>;

const recipe =
  "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -keyout key.pem -out cert.pem " +
  "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1";

/**
 * A copy of the options with everything read that is given as a path.
 * @param role A server without a certificate could serve nobody, so it is refused.
 * @throws {MyelinError} `ERR_CONFIG` that names the option and the file.
 */
export function loadCertificates<Options extends CertificateOptions>(
  options: Options,
  role?: "server",
): Omit<Options, keyof CertificateOptions> & Loaded {
  const loaded: { [Name in keyof CertificateOptions]: unknown } = {};
  for (const name of ["key", "cert", "ca", "pfx", "crl", "dhparam"] as const) {
    const value = options[name];
    if (value !== undefined) loaded[name] = loadAll(name, value);
  }
  const { key, cert } = loaded;
  if ((key === undefined) !== (cert === undefined)) {
    const [given, missing] = key === undefined ? ["cert", "key"] : ["key", "cert"];
    throw new MyelinError("ERR_CONFIG", `tls(): \`${given}\` is given, \`${missing}\` is missing`);
  }
  const hasIdentity =
    key !== undefined ||
    loaded.pfx !== undefined ||
    "pskCallback" in options ||
    "SNICallback" in options;
  if (role === "server" && !hasIdentity) {
    const message = `tls(): a server needs \`key\` and \`cert\`; to make them: ${recipe}`;
    throw new MyelinError("ERR_CONFIG", message);
  }
  return { ...options, ...(loaded as Loaded) };
}

function loadAll(name: string, value: unknown): unknown {
  return Array.isArray(value) ? value.map((each) => load(name, each)) : load(name, value);
}

function load(name: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return value.includes("-----BEGIN") ? value : read(name, value);
  if (typeof value === "object" && value !== null) {
    // A key or a PKCS #12 file with a passphrase of its own.
    const entry = value as Record<string, unknown>;
    const field = "pem" in entry ? "pem" : "buf";
    return { ...entry, [field]: load(name, entry[field]) };
  }
  const message = `tls(): \`${name}\` must be a path, PEM text or bytes, not ${shown(value)}`;
  throw new MyelinError("ERR_CONFIG", message);
}

function read(name: string, path: string): string | Buffer {
  if (name === "dhparam" && path === "auto") return path;
  try {
    return readFileSync(path);
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : String(reason);
    const message = `tls(): the file of \`${name}\` cannot be read: ${why}`;
    throw new MyelinError("ERR_CONFIG", message, { cause: reason });
  }
}
