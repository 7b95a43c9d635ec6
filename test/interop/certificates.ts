// Certificates of an afternoon: an authority, and a certificate for each side of a mutual handshake.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** The paths that `ipc.config.tls` takes. */
export interface Certificates {
  readonly private: string;
  readonly public: string;
  readonly trustedConnections: string;
}

/** Makes both sides' files in a folder. */
export function makeCertificates(folder: string): { server: Certificates; client: Certificates } {
  const file = (name: string) => join(folder, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    ...["req", "-x509", ...key, "-days", "1", "-subj", "/CN=test authority"],
    ...["-keyout", file("ca.key"), "-out", file("ca.pem")],
  );
  writeFileSync(file("san"), "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n");
  const issue = (name: string): Certificates => {
    openssl(
      ...["req", "-new", ...key, "-subj", `/CN=${name}`],
      ...["-keyout", file(`${name}.key`), "-out", file(`${name}.csr`)],
    );
    openssl(
      ...["x509", "-req", "-in", file(`${name}.csr`), "-days", "1", "-extfile", file("san")],
      ...["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial"],
      ...["-out", file(`${name}.pem`)],
    );
    return {
      private: file(`${name}.key`),
      public: file(`${name}.pem`),
      trustedConnections: file("ca.pem"),
    };
  };
  return { server: issue("server"), client: issue("client") };
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: "pipe" });
}
