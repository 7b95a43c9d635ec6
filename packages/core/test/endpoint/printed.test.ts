// What programs see when they print what the library gave them.
import { inspect } from "node:util";
import { MyelinError, type Notice } from "myelin";
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { keep, pair } from "./pairing.ts";

const secret = "nobody is shown these bytes";

test("is what it is, and neither what it is made of nor a secret", async () => {
  const handlers = { answer: () => 42, count: async function* () {} };
  const { client, peer, server } = await pair({
    server: { secret, handlers },
    client: { secret, handlers: { answer: () => 42 }, meta: { token: secret } },
  });
  const { address, id } = client;
  expect(inspect(client, { breakLength: 1_000 })).toBe(
    `Client { address: '${address}', remote: '${client.remote}', state: 'open', id: '${id}', dialect: 'myelin' }`,
  );
  expect(inspect(peer, { breakLength: 1_000 })).toBe(
    `Peer { state: 'open', id: '${id}', dialect: 'myelin' }`,
  );
  expect(inspect(server)).toMatch(/^Server \{ addresses: \[.*\], peers: 1 \}$/s);
  expect(inspect(client.stream("count"))).toBe("ItemStream {}");
  const ofPeer = { state: "open", id, dialect: "myelin" };
  expect(JSON.parse(JSON.stringify(client))).toEqual({ ...ofPeer, address, remote: client.remote });
  expect(JSON.parse(JSON.stringify(server))).toEqual({ addresses: server.addresses, peers: 1 });
  const notices: Notice[] = [];
  server.onNotice((notice) => void notices.push(notice));
  client.send("nobody-listens");
  await until("a notice", () => notices.length > 0);
  expect(JSON.parse(JSON.stringify(notices))).toEqual([
    expect.objectContaining({ kind: "unhandled", peer: ofPeer }),
  ]);
  const asked = await server.ask("answer", undefined, { want: "all", timeoutMs: 10_000 });
  expect(asked.ok).toBe(true);
  for (const each of [client, peer, server, asked, notices]) {
    const text = inspect(each, { depth: 10 });
    expect(text.split("\n").length, text).toBeLessThan(25);
    expect(text).not.toMatch(/Socket|Endpoint|Secret/i);
    expect(text).not.toContain(secret);
  }
  expect(inspect({ a: { b: { c: keep(client) } } }, { depth: 2 })).toContain("[Client]");
});

test("of an error is what it has", () => {
  const bare = inspect(new MyelinError("ERR_CLOSED", "over"));
  expect(bare).toContain("{\n  code: 'ERR_CLOSED'\n}");
  expect(bare).not.toContain("undefined");
  const full = new MyelinError("ERR_CLOSED", "over", { address: "local:x", ran: "no" });
  expect(inspect(full)).toContain("address: 'local:x'");
  expect(new MyelinError("ERR_CLOSED", "over").address).toBeUndefined();
});
