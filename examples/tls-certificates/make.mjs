// Makes a certificate authority and a certificate for a server and a client, with openssl.
//   node examples/tls-certificates/make.mjs [folder]
// README.md beside this file has the same commands to copy.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** One line each, so that they can be read and copied; no argument needs quotes. */
export const recipe = [
  // The authority: its certificate is what the others trust, its key signs theirs.
  "openssl ecparam -name prime256v1 -genkey -noout -out ca.key",
  "openssl req -x509 -new -key ca.key -subj /CN=example-authority -days 365 -config openssl.cnf -extensions authority -out ca.crt",
  // The server: valid for localhost, 127.0.0.1 and ::1 (openssl.cnf says so).
  "openssl ecparam -name prime256v1 -genkey -noout -out server.key",
  "openssl req -new -key server.key -subj /CN=localhost -config openssl.cnf -out server.csr",
  "openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile openssl.cnf -extensions server -out server.crt",
  // The client: its name is what the server sees of it.
  "openssl ecparam -name prime256v1 -genkey -noout -out client.key",
  "openssl req -new -key client.key -subj /CN=ada -config openssl.cnf -out client.csr",
  "openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile openssl.cnf -extensions client -out client.crt",
];

/** Runs the recipe in `folder` (made if need be) and returns the paths of what came out. */
export function makeCertificates(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  copyFileSync(join(here, "openssl.cnf"), join(folder, "openssl.cnf"));
  for (const line of recipe) {
    const [command, ...args] = line.split(" ");
    execFileSync(command, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  }
  const pair = (name) => ({ key: join(folder, `${name}.key`), cert: join(folder, `${name}.crt`) });
  return { ca: join(folder, "ca.crt"), server: pair("server"), client: pair("client") };
}

const runDirectly =
  process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (runDirectly) {
  const folder = process.argv[2] ?? join(here, "made");
  try {
    makeCertificates(folder);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    console.error("openssl was not found. Install it, or put it on the PATH, and try again.");
    process.exit(1);
  }
  console.log(`Made ca, server and client certificates in ${folder}`);
}
