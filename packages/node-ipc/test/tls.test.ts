// TLS and mutual TLS: which options do what, and what strangers and mistakes end in (finding 30).
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { dirname, join } from "node:path";
import tls from "node:tls";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { certificates } from "./certificates.ts";
import { clientOf, collect, next, open, serveTcp, start } from "./scenario.ts";
import {
  type Client,
  type Config,
  everyVersion,
  type Ipc,
  ours,
  type Peer,
  type Server,
} from "./versions.ts";

type Coded = Error & { code: string };
type TlsConfig = Record<string, unknown>;

const made = certificates("server", "client", "stranger");
const { server: serverPair, client: clientPair, stranger } = made;
afterAll(made.remove);

const byPath = (pair: typeof serverPair) => ({ private: pair.private, public: pair.public });
const byValue = (pair: typeof serverPair) => ({ key: pair.key, cert: pair.cert });

async function served(tlsConfig: TlsConfig, version = ours): Promise<Server> {
  return serveTcp(open(version, { tls: tlsConfig }));
}

function calling(
  server: Server,
  tlsConfig: TlsConfig,
  config: Partial<Config> = {},
  version = ours,
) {
  const ipc = open(version, { tls: tlsConfig, maxRetries: 0, ...config });
  ipc.connectToNet("world", "127.0.0.1", server.port);
  return { ipc, client: clientOf(ipc) };
}

async function expectTalk(server: Server, client: Client): Promise<void> {
  server.on("ask", (data: unknown, socket: Peer) => server.emit(socket, "answer", data));
  const answers = collect(client, "answer");
  client.emit("ask", "é漢🚀");
  await answers.atLeast(1);
  expect(answers.data).toEqual(["é漢🚀"]);
}

describe.each(everyVersion)("TLS with $name", (version) => {
  test("finding 30: private and public are paths; rejectUnauthorized: false trusts everybody", async () => {
    const server = await served(byPath(serverPair), version);
    const { client } = calling(server, { rejectUnauthorized: false }, {}, version);
    await next(client, "connect");
    await expectTalk(server, client);
    expect(server.server).toBeInstanceOf(tls.Server);
    expect(client.socket).toBeInstanceOf(tls.TLSSocket);
  });

  test("trustedConnections, as a string, is whom a client trusts", async () => {
    const server = await served(byPath(serverPair), version);
    const { client } = calling(server, { trustedConnections: serverPair.public }, {}, version);
    await next(client, "connect");
    await expectTalk(server, client);
    expect((client.socket as tls.TLSSocket).authorized).toBe(true);
  });

  test("mutual: both ends prove who they are", async () => {
    const mutual = { requestCert: true, rejectUnauthorized: true };
    const server = await served(
      {
        ...byPath(serverPair),
        ...mutual,
        trustedConnections: [stranger.public, clientPair.public],
      },
      version,
    );
    const accepted = next<[tls.TLSSocket]>(server, "connect");
    const trusting = { ...byPath(clientPair), ...mutual, trustedConnections: [serverPair.public] };
    const { client } = calling(server, trusting, {}, version);
    await next(client, "connect");
    await expectTalk(server, client);
    const [peer] = await accepted;
    expect(peer.authorized).toBe(true);
    expect(peer.getPeerCertificate().subject.CN).toBe("client");
  });

  test("a certificate that the client does not trust is an error, and nothing is sent", async () => {
    const server = await served(byPath(serverPair), version);
    const { client } = calling(server, { trustedConnections: stranger.public }, {}, version);
    const errors = collect<[Coded]>(client, "error");
    client.emit("secret");
    const heard = collect(server, "secret");
    await next(client, "destroy");
    expect(errors.data[0]?.code).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
    expect(heard.calls).toEqual([]);
  });
});

describe("our TLS", () => {
  test("key and cert are values", async () => {
    const server = await served(byValue(serverPair));
    const { client } = calling(server, { ca: serverPair.cert });
    await next(client, "connect");
    await expectTalk(server, client);
  });

  test("connect comes after the handshake, on both ends", async () => {
    const server = await served(byPath(serverPair));
    let protocolAtServer: unknown;
    server.on("connect", (socket: tls.TLSSocket) => {
      protocolAtServer = socket.getProtocol();
    });
    const { client } = calling(server, { trustedConnections: [serverPair.public] });
    let protocolAtClient: unknown;
    client.on("connect", () => {
      protocolAtClient = (client.socket as tls.TLSSocket).getProtocol();
    });
    await next(client, "connect");
    await expectTalk(server, client);
    expect([protocolAtServer, protocolAtClient]).toEqual(["TLSv1.3", "TLSv1.3"]);
  });

  test("finding 1: last words arrive over TLS, too", async () => {
    const server = await served(byPath(serverPair));
    const heard = collect(server, "n");
    const { ipc, client } = calling(server, { rejectUnauthorized: false });
    client.on("connect", () => {
      for (let n = 0; n < 100; n += 1) client.emit("n", n);
      ipc.disconnect("world");
    });
    await next(server, "close");
    expect(heard.calls).toHaveLength(100);
  });

  test("a message of 8 MiB and a broadcast to several arrive", async () => {
    const server = await served(byPath(serverPair));
    const clients = [0, 1, 2].map(() => calling(server, { rejectUnauthorized: false }).client);
    const text = "é".repeat(4 * 2 ** 20);
    const heard = clients.map((client) => collect<[string]>(client, "large"));
    const hello = collect(server, "hello");
    for (const client of clients) client.emit("hello");
    await hello.atLeast(3);
    server.broadcast("large", text);
    for (const each of heard) {
      await each.atLeast(1);
      expect(each.data[0] === text).toBe(true);
    }
  });

  test("trustedConnections on a server implies that clients are asked for a certificate", async () => {
    const server = await served({ ...byPath(serverPair), trustedConnections: clientPair.public });
    const accepted = collect<[tls.TLSSocket]>(server, "connect");
    const heard = collect(server, "n");
    const errors = collect(server, "error");
    for (const pair of [undefined, stranger]) {
      const own = pair ? byPath(pair) : {};
      const { client } = calling(server, { ...own, rejectUnauthorized: false });
      client.emit("n", "of a stranger");
      await next(client, "destroy");
    }
    const { client } = calling(server, { ...byPath(clientPair), rejectUnauthorized: false });
    client.emit("n", "of a friend");
    await heard.atLeast(1);
    expect(heard.data).toEqual(["of a friend"]);
    expect(accepted.calls).toHaveLength(1);
    expect(accepted.data[0]?.authorized).toBe(true);
    expect(errors.calls).toEqual([]); // Strangers are no error of this server.
  });

  test("rejectUnauthorized: false of a server lets strangers in, and says that they are", async () => {
    const server = await served({
      ...byPath(serverPair),
      trustedConnections: clientPair.public,
      requestCert: true,
      rejectUnauthorized: false,
    });
    const accepted = next<[tls.TLSSocket]>(server, "connect");
    const { client } = calling(server, { rejectUnauthorized: false });
    await next(client, "connect");
    expect((await accepted)[0].authorized).toBe(false);
  });

  test("a ca that is given is trusted beside trustedConnections", async () => {
    const server = await served(byPath(serverPair));
    const { client } = calling(server, {
      ca: [serverPair.cert],
      trustedConnections: stranger.public,
    });
    await next(client, "connect");
    await expectTalk(server, client);
  });

  test("every other option of node:tls passes through", async () => {
    const server = await served({
      ...byPath(serverPair),
      maxVersion: "TLSv1.2",
      ALPNProtocols: ["ipc"],
    });
    const { client } = calling(server, {
      trustedConnections: serverPair.public,
      ALPNProtocols: ["other", "ipc"],
      checkServerIdentity: (host: string) => (host === "127.0.0.1" ? undefined : new Error(host)),
    });
    await next(client, "connect");
    const socket = client.socket as tls.TLSSocket;
    expect(socket.getProtocol()).toBe("TLSv1.2");
    expect(socket.alpnProtocol).toBe("ipc");
  });

  test.each(["path", "value"])("dhparam is a %s", async (how) => {
    const file = join(dirname(serverPair.private), "dhparam.pem");
    // A group of RFC 7919: quick to write, and strong enough for the OpenSSL of Node 24.
    const group = ["-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", file];
    execFileSync("openssl", ["genpkey", "-genparam", ...group], { stdio: "pipe" });
    const server = await served({
      ...byPath(serverPair),
      dhparam: how === "path" ? file : readFileSync(file, "utf8"),
      maxVersion: "TLSv1.2",
      ciphers: "DHE-RSA-AES256-GCM-SHA384",
    });
    const { client } = calling(server, { rejectUnauthorized: false, minDHSize: 2048 });
    await next(client, "connect");
    const { type, size } = (client.socket as tls.TLSSocket).getEphemeralKeyInfo() as {
      type: string;
      size: number;
    };
    expect({ type, size }).toEqual({ type: "DH", size: 2048 });
  });

  test("finding 9: the program's tls object is not touched", async () => {
    const freeze = (value: TlsConfig) => {
      for (const each of Object.values(value)) if (Array.isArray(each)) Object.freeze(each);
      return Object.freeze(value);
    };
    const server = await served(
      freeze({ ...byPath(serverPair), trustedConnections: [clientPair.public] }),
    );
    const trusting = freeze({ ...byPath(clientPair), trustedConnections: serverPair.public });
    const { client } = calling(server, trusting);
    await next(client, "connect");
    await expectTalk(server, client);
    expect(client.config.tls).toBe(trusting);
  });

  test("finding 9: tls is read at each attempt", async () => {
    const server = await served(byPath(serverPair));
    const { ipc, client } = calling(
      server,
      { trustedConnections: stranger.public },
      { maxRetries: 1_000 },
    );
    await next(client, "disconnect");
    ipc.config.tls = { trustedConnections: serverPair.public };
    await next(client, "connect");
    await expectTalk(server, client);
  });

  test("a server that is restarted is found again", async () => {
    const ipc = open(ours, { tls: byPath(serverPair) });
    const server = await serveTcp(ipc);
    const accepted = next(server, "connect");
    const { client } = calling(server, { rejectUnauthorized: false }, { maxRetries: 1_000 });
    await next(client, "connect");
    await accepted;
    const disconnected = next(client, "disconnect");
    const closed = once(server.server, "close");
    server.stop();
    await disconnected;
    await closed;
    const connected = next(client, "connect");
    await start(ipc);
    await connected;
    await expectTalk(server, client);
  });
});

describe("finding 30: mistakes and strangers", () => {
  async function startError(ipc: Ipc): Promise<Coded> {
    ipc.serveNet("127.0.0.1", 65_000);
    const errors = collect<[Coded]>(ipc.server, "error");
    ipc.server.start();
    await errors.atLeast(1);
    return errors.data[0] as Coded;
  }

  test.each<[string, TlsConfig]>([
    ["no key and no certificate", { rejectUnauthorized: false }],
    ["a key without certificate", { private: serverPair.private }],
    ["a certificate without key", { cert: serverPair.cert }],
  ])("finding 30: a server with %s says what is missing", async (_, config) => {
    const error = await startError(open(ours, { tls: config }));
    expect(error).toMatchObject({ name: "IPCProtocolError", code: "ERR_IPC_TLS_CONFIGURATION" });
    for (const word of ["private", "public", "key", "cert", "openssl"]) {
      expect(error.message).toContain(word);
    }
  });

  test("a key file that is not there is an `error`", async () => {
    const error = await startError(
      open(ours, { tls: { ...byPath(serverPair), private: "/nowhere/server.key" } }),
    );
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toContain("/nowhere/server.key");
  });

  test("a file that is not there is an `error` at a client, too", async () => {
    const server = await served(byPath(serverPair));
    const { client } = calling(server, { trustedConnections: "/nowhere/ca.pub" });
    const [error] = await next<[Coded]>(client, "error");
    expect(error.message).toContain("/nowhere/ca.pub");
  });

  test("finding 30: who cannot shake hands is logged, not an `error`; the others are served", async () => {
    const lines: string[] = [];
    const logger = (line: string) => lines.push(line);
    const server = await serveTcp(open(ours, { tls: byPath(serverPair), silent: false, logger }));
    const errors = collect(server, "error");
    const accepted = collect(server, "connect");
    const stranger = net.connect(server.port as number, "127.0.0.1");
    stranger.on("error", () => {});
    onTestFinished(() => {
      stranger.destroy();
    });
    const before = lines.length;
    stranger.write("GET / HTTP/1.1\r\n\r\n");
    await once(stranger, "close");
    const resetting = net.connect(server.port as number, "127.0.0.1");
    await once(resetting, "connect");
    resetting.resetAndDestroy();
    const { client } = calling(server, { rejectUnauthorized: false });
    await next(client, "connect");
    await expectTalk(server, client);
    expect(errors.calls).toEqual([]);
    expect(accepted.calls).toHaveLength(1);
    expect(lines.length).toBeGreaterThan(before);
  });

  test("finding 15: stop() ends those, too, whose handshake was under way", async () => {
    const server = await served(byPath(serverPair));
    const { client } = calling(server, { rejectUnauthorized: false });
    const destroyed = next(client, "destroy");
    await next(client, "connect"); // A client is done first: the server may not know it yet.
    const closed = once(server.server, "close");
    server.stop();
    await destroyed;
    await closed;
  });

  test("a plain client of a TLS server fails with an error and is not connected", async () => {
    const server = await served(byPath(serverPair));
    const ipc = open(ours, { maxRetries: 0 });
    ipc.connectToNet("world", "127.0.0.1", server.port);
    const client = clientOf(ipc);
    const accepted = collect(server, "connect");
    client.emit("in the clear");
    await next(client, "destroy");
    expect(accepted.calls).toEqual([]);
  });
});
