// Mutual TLS: whoever shows no certificate that the server trusts is told so once and for all, and gets no further.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { join } from "node:path";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import {
  type Connection,
  connect,
  type HandshakeFailed,
  type ListenOptions,
  type ServeOptions,
  serve,
  type TlsOptions,
  type Transport,
  tls,
} from "myelin";
import { describe, expect, test } from "vitest";
import { hearChannel } from "../../../../test/support/hear-channel.ts";
import { tempFolder } from "../../../../test/support/temp-path.ts";
import { testCertificates } from "../../../../test/support/tls-certs.ts";
import { until, within } from "../../../../test/support/within.ts";
import { keep } from "./pairing.ts";

const { ca, client, server, stranger } = testCertificates();
const foreign = { key: stranger.key, cert: stranger.cert };
const anonymous = {};

/** Of the client's key: signed by itself, and one that is over, signed by the authority. */
function makeOthers() {
  const folder = tempFolder();
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  };
  const own = ["-key", client.key, "-subj", "/CN=test client"];
  openssl("req", "-x509", ...own, "-days", "1", "-out", "self.crt");
  openssl("req", "-new", ...own, "-out", "old.csr");
  const by = ["-CA", ca, "-CAkey", ca.replace(/crt$/, "key"), "-set_serial", "7"];
  openssl("x509", "-req", "-in", "old.csr", ...by, "-days", "-1", "-out", "old.crt");
  const pair = (name: string) => ({ key: client.key, cert: readFileSync(join(folder, name)) });
  return { selfSigned: pair("self.crt"), expired: pair("old.crt") };
}
const { expired, selfSigned } = makeOthers();

/** A server with mutual TLS, and everything that it would do for somebody who is in. */
async function serving(options: ServeOptions = {}, own: TlsOptions = {}) {
  const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
  const done: string[] = [];
  const served = keep(
    await serve("tls://127.0.0.1:0", {
      tls: { ...server, ca, ...own },
      authorize: () => done.push("authorize") > 0,
      handlers: { who: (_, { peer }) => done.push("call") && peer.identity },
      ...options,
    }),
  );
  served.onPeer(() => done.push("peer"));
  served.on("news", () => void done.push("event"));
  return {
    served,
    address: served.address,
    port: Number(new URL(served.address).port),
    done,
    failed,
  };
}

/** A listener without sessions, and everything that anybody gets from it. */
async function listening(handshakes: ListenOptions["handshakes"]) {
  const accepted: unknown[] = [];
  const at = { scheme: "tls", host: "127.0.0.1", port: 0 } as const;
  const listener = await tls({ ...server, ca }).listen(at, (each) => accepted.push(each), {
    handshakes,
    onServer: (real) => real.on("secureConnection", (socket) => accepted.push(socket)),
  });
  keep(listener);
  return { accepted, listener, port: (listener.address as { port: number }).port };
}

/** A socket of Node's own, which says and hears what it likes. */
function raw(port: number, own: object, options: ConnectionOptions = {}): TLSSocket {
  const given = Object.entries(own).map(([name, value]) => [
    name,
    typeof value === "string" ? readFileSync(value) : value,
  ]);
  const trusted = { ca: readFileSync(ca), host: "127.0.0.1", port };
  const socket = connectTls({ ...trusted, ...Object.fromEntries(given), ...options });
  socket.on("error", () => {});
  keep({ close: async () => socket.destroy() });
  return socket;
}

function closed(socket: TLSSocket): Promise<unknown> {
  return within("its end", new Promise((resolve) => socket.once("close", resolve)));
}

/** Everything that a client says which is let in and sends an event: the hello, then the rest. */
async function recordClient(address: string): Promise<readonly [Buffer, Buffer]> {
  const said: Buffer[] = [];
  const real = tls({ ...client, ca });
  const transport: Transport = {
    ...real,
    async dial(...args) {
      const connection: Connection = await real.dial(...args);
      const send = connection.send.bind(connection);
      connection.send = (data) => {
        said.push(Buffer.from(data as Uint8Array));
        return send(data);
      };
      connection.sendAll = (parts) => parts.map((part) => connection.send(part)).every(Boolean);
      return connection;
    },
  };
  const caller = await connect(address, { transports: [transport], retry: false, resume: false });
  caller.send("news", { of: "the day" });
  await caller.flush();
  await caller.close();
  const [hello = Buffer.alloc(0), ...rest] = said;
  return [hello, Buffer.concat(rest)];
}

/** Says it again: the rest behind an answer, whichever it is, as is due. */
function say(socket: TLSSocket, [hello, rest]: readonly [Buffer, Buffer]): void {
  socket.once("data", () => socket.writable && socket.write(rest));
  socket.on("data", () => {});
  socket.write(hello);
}

describe("a client is refused for good, and told why", () => {
  const cases: [string, TlsOptions, RegExp][] = [
    ["no certificate", anonymous, /peer did not return a certificate.*`key` and `cert`/],
    ["one of another authority", foreign, /UNABLE_TO_VERIFY_LEAF_SIGNATURE.*`ca` is another/],
    ["one signed by itself", selfSigned, /DEPTH_ZERO_SELF_SIGNED_CERT.*`ca` is another/],
    ["one that is over", expired, /CERT_HAS_EXPIRED.*renew/],
  ];
  const versions = ["TLSv1.2", "TLSv1.3"] as const;
  const all = versions.flatMap((version) => cases.map((each) => [...each, version] as const));

  test.each(all)("with %s (%#)", async (_, own, why, maxVersion) => {
    const { address, done, failed, served } = await serving();
    const refused = connect(address, {
      tls: { ca, ...own, maxVersion },
      retry: { minMs: 1, maxMs: 2 },
      timeoutMs: 10_000,
    });
    await expect(within("a refusal", refused)).rejects.toMatchObject({
      code: "ERR_TLS",
      message: expect.stringMatching(why),
    });
    await until("the server to tell", () => failed.length > 0);
    expect(failed).toMatchObject([
      { address, remote: expect.stringMatching(/:[1-9]/), error: { code: "ERR_TLS" } },
    ]);
    expect(served.stats()).toMatchObject({ refused: 1 });
    expect([done, served.peers.size]).toEqual([[], 0]);
  });

  test("also where a secret is asked for", async () => {
    const secret = "a secret of sixteen bytes and more";
    const { address } = await serving({ secret });
    const refused = connect(address, { tls: { ca, ...foreign }, secret });
    await expect(within("a refusal", refused)).rejects.toMatchObject({ code: "ERR_TLS" });
  });

  test("when it comes back with another certificate", async () => {
    const { address } = await serving();
    const [first, then] = [client, expired].map((own) => tls({ ca, ...own }));
    let last: Connection | undefined;
    const transport: Transport = {
      ...(first as Transport),
      dial: async (...args) => {
        last = await ((last === undefined ? first : then) as Transport).dial(...args);
        return last;
      },
    };
    const retry = { minMs: 1, maxMs: 2 };
    const caller = keep(await connect(address, { transports: [transport], retry }));
    (last as unknown as Connection).abort();
    await until("it gives up", () => caller.state === "closed");
    await expect(within("the reason", caller.closed)).resolves.toMatchObject({
      error: { code: "ERR_TLS", message: expect.stringContaining("CERT_HAS_EXPIRED") },
    });
  });
});

describe("nothing that an untrusted client sends is heard", () => {
  test.each(["TLSv1.2", "TLSv1.3"] as const)("a whole session at once: %s", async (maxVersion) => {
    const { address, done, failed, port, served } = await serving();
    const session = await recordClient(address);
    expect(done).toEqual(["authorize", "peer", "event"]);
    // The same bytes from somebody who is trusted: they are worth something.
    const control = raw(port, client, { maxVersion });
    say(control, session);
    await until("the event of the control", () => done.length === 6);
    control.destroy();
    const own = [anonymous, foreign, selfSigned, expired];
    for (const each of own) {
      const hasty = raw(port, each, { maxVersion });
      hasty.resume().write(Buffer.concat(session));
      const patient = raw(port, each, { maxVersion, allowHalfOpen: true } as ConnectionOptions);
      say(patient, session);
      patient.once("end", () => patient.end());
      await Promise.all([closed(hasty), closed(patient)]);
    }
    await until("all are told of", () => failed.length === 2 * own.length);
    for (const { error } of failed) expect(error).toMatchObject({ code: "ERR_TLS" });
    expect(done).toHaveLength(6);
    await until("the control is gone", () => served.peers.size === 0);
  });

  test.each([
    ["without a certificate", anonymous],
    ["with a stranger's", foreign],
  ])("nor what comes in a TLS session that is resumed, %s", async (_, own) => {
    const { address, done, failed, port } = await serving();
    const session = await recordClient(address);
    let ticket: Buffer | undefined;
    const first = raw(port, own);
    first.on("session", (bytes) => {
      ticket = bytes;
    });
    first.on("data", () => {});
    await closed(first);
    expect(ticket).toBeDefined();
    const again = raw(port, own, { session: ticket as unknown as Buffer });
    let isReused = false;
    again.on("secureConnect", () => {
      isReused = again.isSessionReused();
    });
    say(again, session);
    await closed(again);
    expect(isReused).toBe(true);
    await until("both are told of", () => failed.length === 2);
    expect(done).toHaveLength(3);
  });

  test("and one that is trusted may resume", async () => {
    const { address, done, port } = await serving();
    const session = await recordClient(address);
    let ticket: Buffer | undefined;
    const first = raw(port, client);
    first.on("session", (bytes) => {
      ticket = bytes;
    });
    say(first, session);
    await until("a ticket, and the event", () => ticket !== undefined && done.length === 6);
    const again = raw(port, client, { session: ticket as unknown as Buffer });
    say(again, session);
    await until("the event", () => done.length === 9);
    expect(again.isSessionReused()).toBe(true);
  });
});

describe("whoever does not get through the handshake of TLS is counted", () => {
  const plain = (port: number): Socket => {
    const socket = connectTcp(port, "127.0.0.1").resume();
    socket.on("error", () => {});
    keep({ close: async () => socket.destroy() });
    return socket;
  };

  test("who speaks no TLS, and who is one too many", async () => {
    const limits = { maxPendingHandshakes: 1, handshakeTimeoutMs: 60_000 };
    const { failed, port, served } = await serving({ limits });
    plain(port).write("GET / HTTP/1.0\r\n\r\n");
    await until("the first is told of", () => failed.length === 1);
    for (let n = 1; n <= 2; n++) plain(port);
    await until("one of two is told of", () => failed.length === 2);
    expect(failed.map(({ error }) => error.code)).toEqual(["ERR_TLS", "ERR_BUSY"]);
    expect(served.stats()).toMatchObject({ refused: 2, peers: 0 });
  });

  test("who says nothing", async () => {
    const { failed, port, served } = await serving({ limits: { handshakeTimeoutMs: 50 } });
    plain(port);
    await until("it is told of", () => failed.length === 1);
    expect(served.stats()).toMatchObject({ refused: 1, peers: 0 });
  });

  test("also where nobody listens to diagnostics", async () => {
    const served = keep(await serve("tls://127.0.0.1:0", { tls: { ...server, ca } }));
    const options = { tls: { ca, ...foreign }, retry: false } as const;
    const refused = connect(served.address, options);
    await expect(within("a refusal", refused)).rejects.toMatchObject({ code: "ERR_TLS" });
    plain(Number(new URL(served.address).port)).write("GET / HTTP/1.0\r\n\r\n");
    await until("both are counted", () => served.stats().refused === 2);
  });
});

describe("an untrusted client costs no more than before", () => {
  test("one that does not take its leave is cut when the time of the handshake is over", async () => {
    const { failed, port } = await serving({ limits: { handshakeTimeoutMs: 300 } });
    const begun = performance.now();
    // It hears nothing, and does not end its side.
    const socket = raw(port, foreign, { allowHalfOpen: true } as ConnectionOptions);
    socket.pause();
    await until("it is told of", () => failed.length > 0);
    const writing = setInterval(() => socket.write("still here"), 5);
    await closed(socket);
    clearInterval(writing);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test("one that goes on sending is cut before", async () => {
    const { failed, port, done } = await serving({ limits: { handshakeTimeoutMs: 60_000 } });
    const socket = raw(port, foreign, { allowHalfOpen: true } as ConnectionOptions);
    socket.resume();
    const flood = Buffer.alloc(16 * 1024);
    const more = (): void =>
      void (socket.writable && socket.write(flood, () => setImmediate(more)));
    more();
    await closed(socket);
    expect(failed).toHaveLength(1);
    expect(done).toEqual([]);
  });

  test("those who stay take the places of handshakes, and make room for others", async () => {
    const refusal = (why: string): Buffer => Buffer.from(why);
    const handshakes = { max: 2, timeoutMs: 60_000, refusal };
    const { accepted, listener, port } = await listening(handshakes);
    const sockets: TLSSocket[] = [];
    for (let n = 0; n < 6; n++) {
      const socket = raw(port, foreign, { allowHalfOpen: true } as ConnectionOptions);
      sockets.push(socket);
      await within("the reason", once(socket, "data"));
    }
    const stay = (): Promise<number> =>
      new Promise((resolve) => listener.server.getConnections((_, count) => resolve(count)));
    expect(await stay()).toBe(2);
    raw(port, client);
    await until("the trusted one", () => accepted.length > 0);
    expect(await stay()).toBe(2);
    await listener.close();
    for (const socket of sockets) socket.end("the server is gone");
    await Promise.all(sockets.map(closed));
  });
});

describe("where nobody could be told", () => {
  test("clients of node-ipc on the same address: TLS itself refuses, and they hear no frame", async () => {
    const { done, failed, port } = await serving({
      accept: ["myelin", "node-ipc"],
      authorize: { legacy: () => true, myelin: () => true },
    });
    for (const own of [anonymous, foreign, expired]) {
      const socket = raw(port, own);
      let heard = 0;
      socket.on("data", ({ length }) => {
        heard += length;
      });
      socket.write('{"type":"news","data":1}\f');
      await closed(socket);
      expect(heard).toBe(0);
    }
    await until("all are told of", () => failed.length === 3);
    expect(done).toEqual([]);
  });

  test("a listener of one's own: whoever hears of sockets hears of trusted ones alone", async () => {
    const refusal = (why: string): Buffer => Buffer.from(why);
    const { accepted, port } = await listening({ max: 8, timeoutMs: 5_000, refusal });
    const socket = raw(port, foreign);
    const [told] = (await within("the reason", once(socket, "data"))) as [Buffer];
    expect(told.toString()).toMatch(/^UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
    await closed(socket);
    expect(accepted).toEqual([]);
    raw(port, client);
    await until("the trusted one", () => accepted.length === 2);
  });
});
