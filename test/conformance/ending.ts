// Rules of ending: for every cause, once, and nothing after it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { MyelinError } from "myelin";
import { turns, within } from "../support/within.ts";
import { coded } from "./connecting.ts";
import type { Claims, Rule } from "./transport-suite.ts";
import type { Pair, World } from "./world.ts";

const MiB = 1024 * 1024;
const whyNot = (): MyelinError => new MyelinError("ERR_TRANSPORT", "you said something odd");

/** The ways in which a connection can end, and who hears what. */
const causes: readonly {
  readonly title: string;
  readonly end: (pair: Pair) => unknown;
}[] = [
  { title: "this side closes", end: ({ client }) => client.close() },
  {
    title: "this side closes twice",
    end: ({ client }) => Promise.all([client.close(), client.close()]),
  },
  { title: "this side aborts", end: ({ client }) => client.abort() },
  { title: "this side aborts twice", end: ({ client }) => [client.abort(), client.abort()] },
  { title: "the other side closes", end: ({ server }) => server.close() },
  { title: "the other side aborts", end: ({ server }) => server.abort(whyNot()) },
  {
    title: "both sides close at once",
    end: ({ client, server }) => Promise.all([client.close(), server.close()]),
  },
  {
    title: "both sides abort at once",
    end: ({ client, server }) => [client.abort(), server.abort()],
  },
  {
    title: "one side closes while the other aborts",
    end: ({ client, server }) => {
      const closing = client.close();
      server.abort();
      return Promise.allSettled([closing]);
    },
  },
  {
    title: "a close is cut short by an abort",
    end: ({ client }) => {
      const closing = client.close();
      client.abort();
      return Promise.allSettled([closing]);
    },
  },
  {
    title: "an abort is followed by a close",
    end: ({ client }) => {
      client.abort();
      return client.close();
    },
  },
];

async function endBoth(world: World, { client, server }: Pair): Promise<void> {
  // A datagram's peer does not hear of an end; it ends by itself.
  if (!world.isStream) {
    client.abort();
    server.abort();
  }
}

export function endingRules(rule: Rule, claims: Claims): void {
  const { discards, feedback, halfClose, stream } = claims;

  for (const { title, end } of causes) {
    rule(`onClose is called once on both sides when ${title}`, true, async (world) => {
      const pair = await world.pair();
      pair.client.send("last words");
      await pair.serverHears.received(10);
      await within(title, Promise.resolve(end(pair)));
      await endBoth(world, pair);
      await Promise.all([pair.clientHears.closed(), pair.serverHears.closed()]);
      await world.settle();
      assert.equal(pair.clientHears.closes, 1);
      assert.equal(pair.serverHears.closes, 1);
    });
  }

  rule("an orderly end has no error on either side", stream, async (world) => {
    const { client, clientHears, serverHears } = await world.pair();
    await within("close", client.close());
    await Promise.all([clientHears.closed(), serverHears.closed()]);
    assert.equal(clientHears.error, undefined);
    assert.equal(serverHears.error, undefined);
  });

  rule("an abort's error is what onClose is told", true, async (world) => {
    const { client, clientHears } = await world.pair();
    const error = whyNot();
    client.abort(error);
    assert.equal(clientHears.closes, 0, "onClose was called within abort()");
    await clientHears.closed();
    assert.equal(clientHears.error, error);
  });

  rule("close delivers what was sent before it", stream, async (world) => {
    const { client, serverHears, clientHears } = await world.pair();
    const sent = randomBytes(8 * MiB);
    client.send(Buffer.from(sent));
    await within("close", client.close());
    await Promise.all([serverHears.closed(), clientHears.closed()]);
    assert.ok(serverHears.bytes.equals(sent));
    assert.equal(serverHears.error, undefined);
  });

  rule("a closing side still hears what the other has sent", halfClose, async (world) => {
    const { client, clientHears, server } = await world.pair();
    const sent = randomBytes(4 * MiB);
    server.send(Buffer.from(sent));
    await within("close", client.close());
    await clientHears.closed();
    assert.ok(clientHears.bytes.equals(sent), `${clientHears.byteCount} of ${sent.length} came`);
  });

  rule("close gives up in time and says what is left", stream, async (world) => {
    const { client, clientHears, server, serverHears } = await world.pair();
    server.pause();
    client.send(new Uint8Array(48 * MiB));
    await assert.rejects(
      within("close", client.close({ timeoutMs: 50 })),
      coded("ERR_UNDELIVERED"),
    );
    await clientHears.closed();
    coded("ERR_UNDELIVERED")(clientHears.error);
    server.resume();
    await serverHears.closed();
    if (discards) assert.ok(serverHears.byteCount < 48 * MiB);
  });

  rule("an abort does not wait for a reader that stopped", stream, async (world) => {
    const { client, clientHears, server, serverHears } = await world.pair();
    server.pause();
    client.send(new Uint8Array(48 * MiB));
    client.abort();
    await clientHears.closed();
    // Without feedback nobody can tell what the reader got.
    if (feedback) coded("ERR_UNDELIVERED")(clientHears.error);
    server.resume();
    await serverHears.closed();
    if (discards) assert.ok(serverHears.byteCount < 48 * MiB);
  });

  rule(
    "close fails when the other side breaks off before it has read all",
    stream,
    async (world) => {
      const { client, server } = await world.pair();
      server.pause();
      client.send(new Uint8Array(48 * MiB));
      const closing = client.close();
      server.abort();
      await assert.rejects(within("close", closing), coded("ERR_UNDELIVERED"));
    },
  );

  rule("send throws once the connection is closing or closed", true, async (world) => {
    const pair = await world.pair();
    const { client, server, serverHears, clientHears } = pair;
    const closing = client.close();
    assert.throws(() => client.send("too late"), coded("ERR_CLOSED"));
    await within("close", closing);
    await clientHears.closed();
    assert.throws(() => client.send("much too late"), coded("ERR_CLOSED"));
    await endBoth(world, pair);
    await serverHears.closed();
    assert.throws(() => server.send("also too late"), coded("ERR_CLOSED"));
  });

  rule("send throws right after an abort", true, async (world) => {
    const { client } = await world.pair();
    client.abort();
    assert.throws(() => client.send("too late"), coded("ERR_CLOSED"));
  });

  rule("close resolves on a connection that is closed already", true, async (world) => {
    const { client, clientHears } = await world.pair();
    client.abort();
    await clientHears.closed();
    await within("close", client.close());
  });

  rule("a connection may end from within onData", true, async (world) => {
    const listener = await world.listen();
    const client = await world.dial(listener.address);
    let closes = 0;
    let chunks = 0;
    const closed = new Promise<void>((resolve) => {
      client.open({
        onData: () => {
          chunks++;
          client.abort();
        },
        onDrain: () => {},
        onClose: () => {
          closes++;
          resolve();
        },
      });
    });
    client.send("go");
    const server = await world.accept();
    world.record(server);
    server.send("first");
    await turns();
    if (!stream || chunks === 0) server.send("second");
    await within("onClose", closed);
    await world.settle();
    server.abort();
    assert.deepEqual({ chunks, closes }, { chunks: 1, closes: 1 });
  });

  rule("an end that came before open is told after it", true, async (world) => {
    const listener = await world.listen();
    const client = await world.dial(listener.address);
    client.send("hello");
    const server = await world.accept();
    client.abort(whyNot());
    const hears = world.record(client);
    await hears.closed();
    coded("ERR_TRANSPORT")(hears.error);
    assert.equal(hears.closes, 1);
    server.abort();
    await world.record(server).closed();
  });

  rule("a peer that breaks off before open is noticed after it", stream, async (world) => {
    const listener = await world.listen();
    const client = await world.dial(listener.address);
    const server = await world.accept();
    server.abort();
    await world.settle();
    const hears = world.record(client);
    await hears.closed();
    assert.equal(hears.closes, 1);
  });
}
