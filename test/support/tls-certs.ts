// Certificates for tests, made by the openssl command when they are first asked for and kept for a day in the
// system's folder for temporary files. No key lives in the repository.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";

/** Paths of a private key and of the certificate that belongs to it, both PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface TestCertificates {
  /** The authority that signed `server` and `client`. */
  readonly ca: string;
  /** For localhost, 127.0.0.1 and ::1. */
  readonly server: KeyPair;
  /** Its common name is "test client". */
  readonly client: KeyPair;
  /** Like `server`, but its key is encrypted with the passphrase "open sesame". */
  readonly locked: KeyPair;
  /** Signed by an authority that nobody else here trusts. */
  readonly stranger: KeyPair & { readonly ca: string };
}

const maxAgeMs = 24 * 60 * 60 * 1000;

export function testCertificates(): TestCertificates {
  const folder = join(tmpdir(), `myelin-test-certificates-${userInfo().uid}`);
  if (!isFresh(folder)) make(folder);
  const pair = (name: string): KeyPair => ({
    key: join(folder, `${name}.key`),
    cert: join(folder, `${name}.crt`),
  });
  return {
    ca: pair("ca").cert,
    server: pair("server"),
    client: pair("client"),
    locked: { key: join(folder, "locked.key"), cert: pair("server").cert },
    stranger: { ...pair("stranger"), ca: pair("other-ca").cert },
  };
}

function isFresh(folder: string): boolean {
  return existsSync(folder) && Date.now() - statSync(folder).mtimeMs < maxAgeMs;
}

/** Makes everything in a folder aside and gives it its name at the end, so that test files may do so at once. */
function make(folder: string): void {
  const aside = mkdtempSync(join(dirname(folder), "myelin-certificates-"));
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: aside, stdio: "pipe" });
  };
  authority(openssl, "ca", "/CN=test authority");
  authority(openssl, "other-ca", "/CN=another authority");
  const hosts = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1";
  sign(openssl, aside, { name: "server", ca: "ca", subject: "/CN=test server", extension: hosts });
  sign(openssl, aside, { name: "client", ca: "ca", subject: "/CN=test client", extension: hosts });
  sign(openssl, aside, { name: "stranger", ca: "other-ca", subject: "/CN=x", extension: hosts });
  openssl(
    "pkcs8",
    "-topk8",
    "-in",
    "server.key",
    "-out",
    "locked.key",
    "-passout",
    "pass:open sesame",
  );
  try {
    rmSync(folder, { recursive: true, force: true });
    renameSync(aside, folder);
  } catch (reason) {
    rmSync(aside, { recursive: true, force: true });
    // Another test file was faster.
    if (!isFresh(folder)) throw reason;
  }
}

type Openssl = (...args: string[]) => void;

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function authority(openssl: Openssl, name: string, subject: string): void {
  const out = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
  openssl("req", "-x509", ...newKey, ...out, "-days", "3", "-subj", subject);
}

function sign(
  openssl: Openssl,
  folder: string,
  wanted: { name: string; ca: string; subject: string; extension: string },
): void {
  const { ca, extension, name, subject } = wanted;
  writeFileSync(join(folder, `${name}.ext`), extension);
  openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
  const by = ["-CA", `${ca}.crt`, "-CAkey", `${ca}.key`, "-CAcreateserial"];
  const rest = ["-days", "2", "-extfile", `${name}.ext`];
  openssl("x509", "-req", "-in", `${name}.csr`, ...by, "-out", `${name}.crt`, ...rest);
}
