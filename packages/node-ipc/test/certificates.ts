// Key pairs for TLS tests, made by the recipe that our documentation gives.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  /** Paths. */
  readonly private: string;
  readonly public: string;
  /** Their contents. */
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** Self-signed pairs for 127.0.0.1 in a folder of their own; call `remove` at the end. */
export function certificates<Name extends string>(
  ...names: Name[]
): Record<Name, Certificate> & { remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "ipc-tls-"));
  const made = names.map((name) => {
    const key = join(folder, `${name}.key`);
    const cert = join(folder, `${name}.pub`);
    const request = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=${name}`;
    const place = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert];
    execFileSync("openssl", [...request.split(" "), ...place], { stdio: "pipe" });
    const pair = { private: key, public: cert, key: readFileSync(key), cert: readFileSync(cert) };
    return [name, pair] as const;
  });
  return {
    ...(Object.fromEntries(made) as Record<Name, Certificate>),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
