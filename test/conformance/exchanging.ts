// Rules of sending and receiving.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { turns } from "../support/within.ts";
import { coded } from "./connecting.ts";
import { Recorder } from "./recorder.ts";
import type { Claims, Rule } from "./transport-suite.ts";

const KiB = 1024;
/** More than any system holds for a reader that does not read. */
const flood = 48 * KiB * KiB;

export function exchangingRules(rule: Rule, claims: Claims): void {
  const { feedback, maxBytes, ordered, stream } = claims;
  const sizes = [1, 100, 1200, 64 * KiB - 200, 64 * KiB, KiB * KiB, 8 * KiB * KiB];

  for (const size of sizes.filter((size) => size <= maxBytes)) {
    rule(`${size} bytes come back as they were sent`, true, async (world) => {
      const { address } = await world.listenEchoing();
      const connection = await world.dial(address);
      const hears = world.record(connection);
      const sent = randomBytes(size);
      connection.send(Buffer.from(sent));
      await hears.received(size);
      assert.ok(hears.bytes.equals(sent));
      assert.equal(hears.byteCount, size);
      if (!stream) assert.equal(hears.chunks.length, 1);
    });
  }

  rule("no bytes at all are accepted", true, async (world) => {
    const { client, serverHears } = await world.pair();
    client.send(new Uint8Array(0));
    client.send("x");
    // A datagram may be empty; a stream knows no empty pieces.
    await (stream ? serverHears.received(1) : serverHears.datagrams(2));
    assert.equal(serverHears.bytes.toString(), "x");
  });

  rule("text is sent as UTF-8", true, async (world) => {
    const { client, serverHears } = await world.pair();
    const text = "grüße 👋 жук";
    client.send(text);
    await serverHears.received(Buffer.byteLength(text));
    assert.equal(serverHears.bytes.toString("utf8"), text);
  });

  rule("10,000 messages arrive in order, both ways", ordered, async (world) => {
    const { client, server, clientHears, serverHears } = await world.pair();
    const lines = Array.from({ length: 10_000 }, (_, n) => `${n}${"·".repeat(n % 50)}\n`);
    const expected = lines.join("");
    for (const line of lines) {
      client.send(line);
      server.send(Buffer.from(line));
    }
    const byteCount = Buffer.byteLength(expected);
    await Promise.all([clientHears.received(byteCount), serverHears.received(byteCount)]);
    assert.equal(serverHears.bytes.toString(), expected);
    assert.equal(clientHears.bytes.toString(), expected);
  });

  rule("one datagram is one chunk", !stream, async (world) => {
    const { client, serverHears } = await world.pair();
    const sent = ["a", "bb", "ccc", "dddd"];
    for (const each of sent) client.send(each);
    await serverHears.datagrams(sent.length);
    assert.deepEqual(serverHears.chunks.map(String).sort(), sent);
  });

  rule(
    "a datagram that is too large is refused, and the next one arrives",
    !stream,
    async (world) => {
      const { client, server, clientHears, serverHears } = await world.pair();
      for (const end of [client, server]) {
        assert.throws(() => end.send(new Uint8Array(maxBytes + 1)), coded("ERR_TOO_LARGE"));
        end.send("small");
      }
      await Promise.all([clientHears.received(5), serverHears.received(5)]);
    },
  );

  rule("a reader that stops is felt by the writer, until it reads on", feedback, async (world) => {
    const { client, server, clientHears, serverHears } = await world.pair();
    server.pause();
    const piece = randomBytes(64 * KiB);
    let accepted = true;
    for (let sent = 0; sent < flood; sent += piece.length) {
      accepted = client.send(Buffer.from(piece)) && accepted;
    }
    assert.equal(accepted, false);
    assert.equal(client.writable, false);
    await world.settle();
    assert.equal(clientHears.drains, 0);
    assert.ok(client.pendingBytes > 0);
    const held = serverHears.byteCount;
    assert.ok(held < flood / 2, `${held} bytes came while the reader was paused`);
    const drained = clientHears.drained();
    server.resume();
    await Promise.all([drained, serverHears.received(flood)]);
    assert.equal(client.writable, true);
    assert.equal(client.pendingBytes, 0);
    const all = serverHears.bytes;
    assert.equal(all.length, flood);
    for (let at = 0; at < flood; at += piece.length) {
      if (!all.subarray(at, at + piece.length).equals(piece)) assert.fail(`damage at ${at}`);
    }
  });

  rule("nothing is heard while paused", true, async (world) => {
    const { client, server, serverHears } = await world.pair();
    server.pause();
    client.send("one");
    await world.settle();
    assert.equal(serverHears.byteCount, 0);
    server.resume();
    await serverHears.received(3);
    client.send("two");
    await serverHears.received(6);
    assert.equal(serverHears.bytes.toString(), "onetwo");
  });

  rule("what came before open is heard after it", true, async (world) => {
    const listener = await world.listen();
    const client = await world.dial(listener.address);
    client.send("early");
    const server = await world.accept();
    await world.settle();
    const hears = world.record(server);
    await hears.received(5);
    assert.equal(hears.bytes.toString(), "early");
  });

  rule("a pause before open holds", true, async (world) => {
    const listener = await world.listen();
    const client = await world.dial(listener.address);
    client.send("early");
    const server = await world.accept();
    server.pause();
    const hears = world.record(server);
    await world.settle();
    assert.equal(hears.byteCount, 0);
    server.resume();
    await hears.received(5);
  });

  rule("a connection is opened once", true, async (world) => {
    const { client } = await world.pair();
    assert.throws(() => new Recorder(client), coded("ERR_CONFIG"));
  });

  rule("a reader that overwrites its chunks harms nobody", true, async (world) => {
    const { client, server, clientHears, serverHears } = await world.pair();
    const sent = Array.from({ length: 50 }, (_, n) => Buffer.alloc(20 + n, n));
    for (const each of sent) {
      client.send(Buffer.from(each));
      server.send(Buffer.from(each));
      await turns(1);
    }
    const expected = Buffer.concat(sent);
    await Promise.all([
      clientHears.received(expected.length),
      serverHears.received(expected.length),
    ]);
    assert.ok(serverHears.bytes.equals(expected));
    assert.ok(clientHears.bytes.equals(expected));
  });
}
