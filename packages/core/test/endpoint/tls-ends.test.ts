// Servers and clients over TLS: who comes in, and what the others are told.
import { once } from "node:events";
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from "node:net";
import {
  type Client,
  type Connection,
  type ConnectOptions,
  connect,
  type HandshakeFailed,
  serve,
  type TlsOptions,
  type Transport,
  tls,
} from "myelin";
import { describe, expect, test } from "vitest";
import { hearChannel } from "../../../../test/support/hear-channel.ts";
import { testCertificates } from "../../../../test/support/tls-certs.ts";
import { until, within } from "../../../../test/support/within.ts";
import { keep } from "./pairing.ts";

const { ca, client, server, stranger } = testCertificates();

async function serving(tls: TlsOptions) {
  const handlers = { who: (_: unknown, { peer }: { peer: { identity: object } }) => peer.identity };
  return keep(await serve("tls://127.0.0.1:0", { tls: { ...server, ...tls }, handlers }));
}

async function connecting(
  { address }: { address: string },
  tls: TlsOptions,
  options: ConnectOptions = {},
): Promise<Client> {
  return keep(await connect(address, { retry: false, tls: { ca, ...tls }, ...options }));
}

describe("a server with a ca", () => {
  test("asks its clients for a certificate, and takes those of the ca alone", async () => {
    const served = await serving({ ca });
    const known = await connecting(served, client);
    expect(await known.call("who")).toMatchObject({ authorized: true, commonName: "test client" });
    for (const tls of [{}, { key: stranger.key, cert: stranger.cert }]) {
      const refused = within("a refusal", connecting(served, tls));
      await expect(refused).rejects.toMatchObject({ code: "ERR_TLS" });
    }
    expect(served.peers.size).toBe(1);
  });

  test("asks for none only where it says so", async () => {
    const served = await serving({ ca, requestCert: false });
    const anybody = await connecting(served, {});
    expect(await anybody.call("who")).toMatchObject({ authorized: false });
  });
});

describe("a session goes on where its connection broke", () => {
  const anonymous: TlsOptions = {};

  /** The session of a client that shows one certificate, and another one when it comes back. */
  async function comesBack(first: TlsOptions, then: TlsOptions) {
    const served = await serving({ ca, rejectUnauthorized: false });
    const [dialler, next] = [first, then].map((own) => tls({ ca, ...own }));
    let last: Connection | undefined;
    const transport: Transport = {
      ...(dialler as Transport),
      async dial(...args) {
        const how = last === undefined ? dialler : next;
        last = await (how as Transport).dial(...args);
        return last;
      },
    };
    const caller = keep(
      await connect(served.address, { transports: [transport], retry: { minMs: 1, maxMs: 5 } }),
    );
    const before = { id: caller.id, identity: await caller.call("who") };
    (last as unknown as Connection).abort();
    await until("it is away", () => caller.state !== "open");
    expect([...served.peers.values()][0]?.identity).toEqual(before.identity);
    await until("it is back", () => caller.state === "open");
    return { before, after: { id: caller.id, identity: await caller.call("who") } };
  }

  test("for a client that shows the same certificate", async () => {
    const { before, after } = await comesBack(client, client);
    expect(before.identity).toMatchObject({ authorized: true, commonName: "test client" });
    expect(after).toEqual(before);
  });

  test.each([
    ["none", client, anonymous],
    ["one, having shown none", anonymous, client],
  ])("and not for one that shows %s", async (_, first, then) => {
    const { before, after } = await comesBack(first, then);
    expect(after.id).not.toBe(before.id);
    expect(after.identity).not.toEqual(before.identity);
  });
});

describe("whoever does not get in is told what to look at", () => {
  const { key, cert } = stranger;

  test("for a certificate that the server does not trust; and the server who it was", async () => {
    const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
    const served = await serving({ ca });
    const refused = within("a refusal", connecting(served, { key, cert }));
    await expect(refused).rejects.toMatchObject({
      code: "ERR_TLS",
      message: expect.stringContaining("UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    });
    await until("the server to tell", () => failed.length > 0);
    expect(failed).toMatchObject([
      {
        address: served.address,
        remote: expect.stringMatching(/^tls:\/\/127\.0\.0\.1:[1-9]/),
        error: { code: "ERR_TLS", message: expect.stringContaining("UNABLE_TO_") },
      },
    ]);
  });

  test("for none", async () => {
    const served = await serving({ ca });
    const refused = within("a refusal", connecting(served, {}));
    await expect(refused).rejects.toMatchObject({
      code: "ERR_TLS",
      message: expect.stringMatching(/peer did not return a certificate \(.*`key` and `cert`\)$/),
    });
  });

  test("for none, by TLS where a server does it, in words without OpenSSL's addresses", async () => {
    const accept = ["myelin", "node-ipc"] as const;
    const own = { ...server, ca };
    const served = keep(await serve("tls://127.0.0.1:0", { tls: own, accept }));
    const refused = within("a refusal", connecting(served, {}));
    await expect(refused).rejects.toMatchObject({
      code: "ERR_TLS",
      message: expect.stringMatching(/^tlsv13 alert certificate required \(.*`key` and `cert`\)$/),
      cause: { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" },
    });
  });

  test("for a client that speaks no TLS", async () => {
    const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
    const served = await serving({});
    const plain = connect(served.address.replace("tls:", "tcp:"), { retry: false });
    await expect(within("a refusal", plain)).rejects.toMatchObject({
      message: expect.stringContaining("expect tls://"),
    });
    await until("the server to tell", () => failed.length > 0);
    expect(failed).toMatchObject([{ address: served.address, error: { code: "ERR_TLS" } }]);
  });
});

describe("a client whose server hangs up in the handshake", () => {
  test.each(["destroy", "resetAndDestroy"] as const)("comes back: %s", async (how) => {
    const served = await serving({});
    const port = Number(new URL(served.address).port);
    let isUp = true;
    let refused = 0;
    const sockets = new Set<Socket>();
    const proxy = createServer((client) => {
      client.on("error", () => {});
      if (!isUp) {
        refused += 1;
        client[how]();
        return;
      }
      const server = connectPlain(port, "127.0.0.1").on("error", () => {});
      client.pipe(server).pipe(client);
      sockets.add(client).add(server);
    }).listen(0, "127.0.0.1");
    keep({ close: async () => void proxy.close() });
    await once(proxy, "listening");
    const address = `tls://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const first = await connecting({ address }, {}, { retry: { minMs: 1, maxMs: 5 } });
    isUp = false;
    for (const socket of sockets) socket.destroy();
    await until("it is hung up on", () => refused >= 2);
    isUp = true;
    await until("it is back", () => first.state === "open");
    expect(await within("an answer", first.call("who"))).toMatchObject({ authorized: false });
    expect(first.stats().resumed).toBe(1);
    isUp = false;
    await expect(within("a refusal", connecting({ address }, {}))).rejects.toMatchObject({
      code: "ERR_CONNECTION_LOST",
      message: expect.stringContaining("does it ask for a certificate?"),
    });
  });
});

describe("strangers who connect and begin no handshake", () => {
  test("are so many at most, for a time; one that waited long makes room for the next", async () => {
    const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
    const limits = { maxPendingHandshakes: 4, handshakeTimeoutMs: 500 };
    const served = keep(await serve("tls://127.0.0.1:0", { tls: server, limits }));
    const port = Number(new URL(served.address).port);
    const ends: Promise<unknown>[] = [];
    const silent = async (): Promise<void> => {
      const socket = connectPlain(port, "127.0.0.1")
        .on("error", () => {})
        .resume();
      ends.push(once(socket, "close"));
      await once(socket, "connect");
    };
    for (let n = 0; n < 7; n++) await silent();
    await until("three have made room", () => failed.length >= 3);
    expect(failed).toMatchObject(
      Array.from({ length: 3 }, () => ({
        address: served.address,
        remote: expect.stringMatching(/^tls:\/\/127\.0\.0\.1:[1-9]/),
        error: { code: "ERR_BUSY" },
      })),
    );
    await connecting(served, {});
    await within("the time of the others is over", Promise.all(ends));
    expect(failed).toHaveLength(7);
    expect(failed.at(-1)).toMatchObject({ error: { code: "ERR_TLS" } });
  });
});
