import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { makeCertificates } from "./certificates.ts";
import { testStreams } from "./streams.ts";

const folder = mkdtempSync(join(tmpdir(), "tls-"));
afterAll(() => rmSync(folder, { recursive: true }));
const { server, client } = makeCertificates(folder);

// Paths, because 9 to 12 put the key pair of their own package in the place of any other; both sides prove who they are.
testStreams({
  name: "mutual tls",
  kind: "tcp",
  serverConfig: { tls: { ...server, requestCert: true, rejectUnauthorized: true } },
  clientConfig: { tls: { ...client, rejectUnauthorized: true } },
});
