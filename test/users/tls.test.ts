// TLS keeps its word: who is not trusted is not connected, and errors say what to do.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { makeCertificates } from "../interop/certificates.ts";
import { freePort } from "../support/free-port.ts";
import { complaint, type Scene } from "./complaint.ts";
import { outcomeOf } from "./outcome.ts";

const secureTalk = new URL("./programs/secure-talk.mjs", import.meta.url);

const folder = mkdtempSync(join(tmpdir(), "tls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const strangers = mkdtempSync(join(folder, "strangers-"));
const { server, client } = makeCertificates(folder);
const stranger = makeCertificates(strangers);

interface Sides {
  readonly server: object;
  readonly client: object;
}

async function talk(scene: Scene, sides: Sides) {
  return outcomeOf(scene, secureTalk, { options: { ...sides, port: await freePort() } });
}

const asked = { requestCert: true, rejectUnauthorized: true };

const trust = { trustedConnections: server.trustedConnections };
const welcome = (authorized: boolean) => ({
  events: ["client connected", "server heard hello", "client was welcomed"],
  data: { authorized },
  logsReason: false,
});

complaint(37, "mutual TLS works with the files that openssl makes", {
  ours: welcome(true),
  fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
  scenario: (scene) => talk(scene, { server: { ...server, ...asked }, client }),
});

complaint(37, "trustedConnections on a server is enough to ask clients who they are", {
  ours: welcome(true),
  seenOn: { "node-ipc@9.2.1": welcome(false) },
  fineOn: ["node-ipc@14.0.0"],
  scenario: (scene) => talk(scene, { server, client }),
});

// In TLS 1.3 a client is through with its side of the handshake before the server has looked at the certificate: it
// connects in every case, and learns of a refusal after that.
const refused = (...codes: string[]) => ({ events: ["client connected", ...codes] });
const noCertificate = refused("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED");

complaint(
  37,
  "a client without a certificate is refused by a code, and the server's log says why",
  {
    ours: { ...noCertificate, logsReason: true },
    seenOn: {
      "node-ipc@9.2.1": { ...noCertificate, logsReason: false },
      "node-ipc@14.0.0": { ...noCertificate, logsReason: false },
    },
    scenario: (scene) => talk(scene, { server: { ...server, ...asked }, client: trust }),
  },
);

complaint(37, "a client of another authority is not served, and the server's log says why", {
  ours: { ...refused(), logsReason: true },
  seenOn: {
    "node-ipc@9.2.1": { ...refused(), logsReason: false },
    "node-ipc@14.0.0": { ...refused(), logsReason: false },
  },
  scenario: (scene) =>
    talk(scene, { server: { ...server, ...asked }, client: { ...stranger.client, ...trust } }),
});

complaint(37, "a server of another authority is never connected to, and the error has a code", {
  ours: { events: ["SELF_SIGNED_CERT_IN_CHAIN"], logsReason: expect.any(Boolean) },
  seenOn: {
    "node-ipc@9.2.1": {
      events: ["client connected", "SELF_SIGNED_CERT_IN_CHAIN"],
      logsReason: expect.any(Boolean),
    },
  },
  fineOn: ["node-ipc@14.0.0"],
  scenario: (scene) =>
    talk(scene, { server: stranger.server, client: { ...client, rejectUnauthorized: true } }),
});

complaint(37, "rejectUnauthorized: false on the client takes any server", {
  ours: welcome(false),
  fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
  scenario: (scene) =>
    talk(scene, {
      server: { private: server.private, public: server.public },
      client: { rejectUnauthorized: false },
    }),
});

complaint(
  37,
  "a server without a key says what it needs and how to make it, and uses no published one",
  {
    ours: {
      refused: "ERR_IPC_TLS_CONFIGURATION",
      text: expect.stringMatching(/private.*public.*key.*cert.*openssl req -x509/s),
      logsReason: false,
    },
    seenOn: {
      "node-ipc@9.2.1": welcome(false),
      "node-ipc@14.0.0": expect.objectContaining({ text: expect.not.stringContaining("openssl") }),
    },
    scenario: (scene) =>
      talk(scene, { server: { rejectUnauthorized: false }, client: { rejectUnauthorized: false } }),
  },
);
