// Servers and clients over TLS: who comes in, and what the others are told.
import { type Client, type ConnectOptions, connect, serve, type TlsOptions } from "myelin";
import { describe, expect, test } from "vitest";
import { testCertificates } from "../../../../test/support/tls-certs.ts";
import { within } from "../../../../test/support/within.ts";
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
      await expect(refused).rejects.toMatchObject({ code: expect.stringMatching(/TLS|LOST/) });
    }
    expect(served.peers.size).toBe(1);
  });

  test("asks for none only where it says so", async () => {
    const served = await serving({ ca, requestCert: false });
    const anybody = await connecting(served, {});
    expect(await anybody.call("who")).toMatchObject({ authorized: false });
  });
});
