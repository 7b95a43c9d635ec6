import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { connect as connectPlain, createServer } from "node:net";
import { connect as connectTls } from "node:tls";
import {
  type Connection,
  type HandshakeFailed,
  type MyelinError,
  type NetworkAddress,
  type SocketListener,
  type TlsOptions,
  tls,
} from "myelin";
import { afterEach, describe, expect, test } from "vitest";
import { coded } from "../../../../test/conformance/connecting.ts";
import { echo } from "../../../../test/conformance/world.ts";
import { testCertificates } from "../../../../test/support/tls-certs.ts";
import { within } from "../../../../test/support/within.ts";

const { ca, client, locked, server, stranger } = testCertificates();

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function listen(
  options: TlsOptions,
  onConnection: (connection: Connection) => void = echo,
): Promise<SocketListener> {
  const address = { scheme: "tls", host: "127.0.0.1", port: 0 } as const;
  const listener = await tls(options).listen(address, onConnection);
  open.push(listener);
  return listener;
}

async function dial({ address }: { address: unknown }, options: TlsOptions): Promise<Connection> {
  const connection = await within("dial", tls(options).dial(address as NetworkAddress));
  open.push({ close: () => connection.abort() });
  return connection;
}

/** Sends a word and waits for it, or for the end. */
function exchange(connection: Connection): Promise<string> {
  return within(
    "an answer",
    new Promise((resolve, reject) => {
      connection.open({
        onData: (chunk) => resolve(Buffer.from(chunk).toString()),
        onDrain() {},
        onClose: (error) => reject(error ?? new Error("closed in order")),
      });
      connection.send("ping");
    }),
  );
}

/** The next stranger that a listener turned away. */
function turnedAway(): Promise<HandshakeFailed> {
  return within(
    "a failed handshake",
    new Promise((resolve) => {
      const hear = (payload: unknown): void => {
        unsubscribe("myelin:handshake:failed", hear);
        resolve(payload as HandshakeFailed);
      };
      subscribe("myelin:handshake:failed", hear);
    }),
  );
}

const refused = (code: string, ...words: string[]) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(new RegExp(words.join(".*"), "s")),
  });

describe("certificates", () => {
  test.each<[string, (path: string) => TlsOptions["key"]]>([
    ["paths", (path) => path],
    ["PEM text", (path) => readFileSync(path, "utf8")],
    ["bytes", (path) => readFileSync(path)],
    ["plain Uint8Arrays", (path) => new Uint8Array(readFileSync(path))],
    ["lists", (path) => [path]],
  ])("may be given as %s", async (_, given) => {
    const as = given as (path: string) => string;
    const listener = await listen({ key: as(server.key), cert: as(server.cert) });
    const connection = await dial(listener, { ca: as(ca) });
    expect(await exchange(connection)).toBe("ping");
  });

  test("may be locked by a passphrase", async () => {
    const listener = await listen({ ...locked, passphrase: "open sesame" });
    expect(await exchange(await dial(listener, { ca }))).toBe("ping");
    const own = { pem: locked.key, passphrase: "open sesame" };
    const other = await listen({ key: [own], cert: locked.cert });
    expect(await exchange(await dial(other, { ca }))).toBe("ping");
    await expect(listen({ ...locked, passphrase: "wrong" })).rejects.toEqual(
      refused("ERR_CONFIG", "passphrase"),
    );
    await expect(listen(locked)).rejects.toEqual(refused("ERR_CONFIG", "passphrase"));
  });

  test("are read anew for each listener and each dial", async () => {
    const path = "/nowhere/at/all.pem";
    const transport = tls({ key: path, cert: server.cert });
    const address = { scheme: "tls", host: "127.0.0.1", port: 0 } as const;
    await expect(transport.listen(address, echo)).rejects.toEqual(
      refused("ERR_CONFIG", "`key`", "ENOENT", path),
    );
    await expect(transport.dial({ ...address, port: 1 })).rejects.toEqual(
      refused("ERR_CONFIG", "`key`", path),
    );
  });

  test("a server without any is refused with the command that makes one", async () => {
    await expect(listen({})).rejects.toEqual(
      refused("ERR_CONFIG", "`key` and `cert`", "openssl req -x509"),
    );
    await expect(listen({ key: server.key })).rejects.toEqual(
      refused("ERR_CONFIG", "`cert` is missing"),
    );
    await expect(listen({ cert: server.cert })).rejects.toEqual(
      refused("ERR_CONFIG", "`key` is missing"),
    );
  });

  test("that are none, or do not fit each other, are refused with what to check", async () => {
    await expect(listen({ key: client.key, cert: server.cert })).rejects.toEqual(
      refused("ERR_CONFIG", "do not belong together"),
    );
    await expect(listen({ key: Buffer.from("rubbish"), cert: server.cert })).rejects.toEqual(
      refused("ERR_CONFIG", "check `key`"),
    );
    await expect(listen({ key: 7 as never, cert: server.cert })).rejects.toEqual(
      refused("ERR_CONFIG", "`key` must be a path, PEM text or bytes, not 7"),
    );
  });
});

describe("a client", () => {
  test("refuses a server that it does not trust, and says how it would", async () => {
    const listener = await listen(server);
    const failed = turnedAway();
    await expect(dial(listener, {})).rejects.toEqual(refused("ERR_TLS", "`ca`"));
    await expect(dial(listener, { ca: stranger.ca })).rejects.toMatchObject({ code: "ERR_TLS" });
    await failed;
  });

  test("refuses a certificate for another name, and says how to name it", async () => {
    const listener = await listen(server);
    await expect(dial(listener, { ca, servername: "example.org" })).rejects.toEqual(
      refused("ERR_TLS", "servername"),
    );
    await expect(dial(listener, { ca, servername: "localhost" })).resolves.toBeDefined();
  });

  test("takes any server when told to, and knows that it could not be trusted", async () => {
    const listener = await listen(server);
    const connection = await dial(listener, { rejectUnauthorized: false });
    expect(connection.peer).toMatchObject({ authorized: false, commonName: "test server" });
    expect(await exchange(connection)).toBe("ping");
  });

  test("knows whom it talks to", async () => {
    const connection = await dial(await listen(server), { ca });
    expect(connection.peer).toEqual({
      credentials: "unknown",
      authorized: true,
      commonName: "test server",
      fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
    });
  });

  test("says that the other side does not speak TLS", async () => {
    const plain = createServer((socket) => socket.end("220 welcome\r\n")).listen(0, "127.0.0.1");
    open.push(plain);
    await within("a plain server", new Promise((resolve) => plain.once("listening", resolve)));
    const { port } = plain.address() as { port: number };
    const address = { scheme: "tls", host: "127.0.0.1", port };
    await expect(dial({ address }, { ca })).rejects.toEqual(refused("ERR_TLS", "speak TLS"));
  });

  test("does not wait for ever for a handshake", async () => {
    const silent = createServer((socket) => open.push({ close: () => socket.destroy() }));
    open.push(silent);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const address = { scheme: "tls", host: "127.0.0.1", port };
    await expect(dial({ address }, { ca, handshakeTimeoutMs: 20 })).rejects.toEqual(
      refused("ERR_TIMEOUT", "no TLS handshake within 20 ms"),
    );
  });

  test("passes every option on", async () => {
    const listener = await listen({ ...server, minVersion: "TLSv1.3" });
    await expect(dial(listener, { ca, maxVersion: "TLSv1.2" })).rejects.toMatchObject({
      code: "ERR_TLS",
    });
    const versions: unknown[] = [];
    const checkServerIdentity = (host: string): undefined => void versions.push(host);
    await dial(listener, { ca, checkServerIdentity });
    expect(versions).toEqual(["127.0.0.1"]);
  });
});

describe("a server that asks for certificates", () => {
  const mutual = { ...server, ca, requestCert: true };

  test("knows its clients", async () => {
    let peer: Connection["peer"] | undefined;
    const listener = await listen(mutual, (connection) => {
      peer = connection.peer;
      echo(connection);
    });
    expect(await exchange(await dial(listener, { ...client, ca }))).toBe("ping");
    expect(peer).toMatchObject({ authorized: true, commonName: "test client" });
  });

  test.each<[string, TlsOptions, TlsOptions]>([
    ["without one, TLS 1.3", { ca }, {}],
    ["without one, TLS 1.2", { ca }, { maxVersion: "TLSv1.2" }],
  ])("tells a client %s what is missing", async (_, options, version) => {
    let accepted = 0;
    const listener = await listen({ ...mutual, ...version }, () => accepted++);
    const failed = turnedAway();
    const outcome = dial(listener, options).then(exchange);
    await expect(outcome).rejects.toEqual(refused("ERR_TLS", "pass `key` and `cert`"));
    expect((await failed).error).toEqual(refused("ERR_TLS", "certificate"));
    expect(accepted).toBe(0);
  });

  test("turns away one that a stranger signed, tells diagnostics, and goes on", async () => {
    let accepted = 0;
    const listener = await listen(mutual, (connection) => {
      accepted++;
      echo(connection);
    });
    const failed = turnedAway();
    const { key, cert } = stranger;
    await expect(dial(listener, { key, cert, ca }).then(exchange)).rejects.toThrow();
    expect(await failed).toMatchObject({
      address: expect.stringMatching(/^tls:\/\/127\.0\.0\.1:/),
      error: expect.objectContaining({ code: expect.stringMatching(/^ERR_/) }),
    });
    expect(accepted).toBe(0);
    expect(await exchange(await dial(listener, { ...client, ca }))).toBe("ping");
  });

  test("takes anybody when told to, and knows who was not trusted", async () => {
    let authorized: boolean | undefined;
    const listener = await listen({ ...mutual, rejectUnauthorized: false }, (connection) => {
      ({ authorized } = connection.peer);
      echo(connection);
    });
    const { key, cert } = stranger;
    expect(await exchange(await dial(listener, { key, cert, ca }))).toBe("ping");
    expect(authorized).toBe(false);
  });
});

describe("a listener", () => {
  test("is not disturbed by those who do not speak TLS", async () => {
    const errors: MyelinError[] = [];
    const listener = await listen(server);
    listener.onError = (error) => errors.push(error);
    const { port } = listener.address as NetworkAddress;
    const failed = turnedAway();
    const rude = connectPlain(port, "127.0.0.1", () => rude.write("GET / HTTP/1.1\r\n\r\n"));
    rude.on("error", () => {});
    rude.resume();
    await within("the rude one to be cut", new Promise((resolve) => rude.on("close", resolve)));
    coded("ERR_TLS")((await failed).error);
    expect(errors).toEqual([]);
    expect(await exchange(await dial(listener, { ca }))).toBe("ping");
  });

  test("does not wait for ever for a handshake", async () => {
    const listener = await listen({ ...server, handshakeTimeoutMs: 20 });
    const { port } = listener.address as NetworkAddress;
    const failed = turnedAway();
    const silent = connectPlain(port, "127.0.0.1");
    silent.resume();
    await within("the silent one to be cut", new Promise((resolve) => silent.on("close", resolve)));
    coded("ERR_TLS")((await failed).error);
  });

  test("serves clients of plain node:tls", async () => {
    const listener = await listen(server);
    const { port } = listener.address as NetworkAddress;
    const socket = connectTls({ port, host: "127.0.0.1", ca: readFileSync(ca) });
    open.push({ close: () => socket.destroy() });
    socket.write("ping");
    const chunk = await within("an answer", new Promise((resolve) => socket.once("data", resolve)));
    expect(String(chunk)).toBe("ping");
  });
});

test.each(["CA", "Crl", "requestcert", "rejectUnAuthorized"])(
  "an option that decides whom a side trusts is not ignored for being miswritten: %s",
  (key) => {
    const make = (): unknown => tls({ [key]: true });
    expect(make).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
  },
);
