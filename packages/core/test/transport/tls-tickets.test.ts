// A session of TLS that is resumed: who was not trusted does not become so by coming back with a ticket.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import {
  type Connection,
  type HandshakeFailed,
  type NetworkAddress,
  type TlsOptions,
  tls,
} from "myelin";
import { afterEach, describe, expect, test } from "vitest";
import { hearChannel } from "../../../../test/support/hear-channel.ts";
import { testCertificates } from "../../../../test/support/tls-certs.ts";
import { until, within } from "../../../../test/support/within.ts";

const { ca, client, server, stranger } = testCertificates();
const anonymous = {};

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function listen(options: TlsOptions) {
  const accepted: Connection["peer"][] = [];
  const address = { scheme: "tls", host: "127.0.0.1", port: 0 } as const;
  const listener = await tls({ ...server, ca, ...options }).listen(address, (connection) => {
    accepted.push(connection.peer);
    connection.open({ onData() {}, onDrain() {}, onClose() {} });
    // Without a word, Node's client does not look at the ticket either.
    connection.send("word");
    void connection.close();
  });
  open.push(listener);
  return { accepted, port: (listener.address as NetworkAddress).port };
}

interface Visit {
  readonly socket: TLSSocket;
  readonly ticket: Buffer | undefined;
  readonly isResumed: boolean;
}

/** Comes, and leaves when the server ends it. */
async function visit(port: number, own: object, session?: Buffer): Promise<Visit> {
  const pair = Object.entries(own).map(([name, path]) => [name, readFileSync(path as string)]);
  const options: ConnectionOptions = { ...Object.fromEntries(pair), ca: readFileSync(ca), session };
  const socket = connect({ host: "127.0.0.1", port, ...options });
  let ticket: Buffer | undefined;
  let isResumed = false;
  socket.on("error", () => {});
  socket.on("secureConnect", () => {
    isResumed = socket.isSessionReused();
  });
  socket.on("session", (bytes) => {
    ticket = bytes;
  });
  socket.resume();
  await within("its end", once(socket, "close"));
  return { socket, ticket, isResumed };
}

const nobodyKnown = { credentials: "unknown", authorized: false };

describe("a server that takes everybody, and asks for certificates", () => {
  test.each<[string, object, object]>([
    ["none", anonymous, nobodyKnown],
    ["one of a stranger", { key: stranger.key, cert: stranger.cert }, { authorized: false }],
    ["a trusted one", client, { authorized: true, commonName: "test client" }],
  ])("knows what it knew of a client that had shown %s", async (_, own, known) => {
    const { accepted, port } = await listen({ rejectUnauthorized: false });
    const { ticket } = await visit(port, own);
    expect(ticket).toBeDefined();
    expect(await visit(port, own, ticket)).toMatchObject({ isResumed: true });
    await until("both were accepted", () => accepted.length === 2);
    expect(accepted[0]).toMatchObject(known);
    expect(accepted[1]).toEqual(accepted[0]);
  });
});

describe("a server that takes the trusted alone", () => {
  test("is not fooled by a ticket of another one with the same keys that takes everybody", async () => {
    const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
    const ticketKeys = Buffer.alloc(48, 7);
    const lax = await listen({ rejectUnauthorized: false, ticketKeys });
    const strict = await listen({ ticketKeys });
    const { ticket } = await visit(lax.port, anonymous);
    expect(await visit(strict.port, anonymous, ticket)).toMatchObject({ isResumed: true });
    await until("it is told", () => failed.length > 0);
    // OpenSSL 3.5 sees through it by itself.
    expect(failed).toMatchObject([{ error: { code: "ERR_TLS" } }]);
    expect(strict.accepted).toEqual([]);
  });
});
