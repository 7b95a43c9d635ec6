// Rules of dialling and listening.
import assert from "node:assert/strict";
import { type Connection, formatAddress } from "myelin";
import { within } from "../support/within.ts";
import type { Claims, Rule } from "./transport-suite.ts";
import { echo } from "./world.ts";

/** An error of the library with one of these codes. */
export function coded(...codes: string[]): (error: unknown) => boolean {
  return (error) => {
    const { code } = error as { code?: string };
    assert.ok(error instanceof Error && codes.includes(code ?? ""), `${String(error)} has ${code}`);
    return true;
  };
}

export function connectingRules(rule: Rule, claims: Claims): void {
  const { exclusive, frees, refuses, reusable, stream } = claims;

  rule("a dialled and an accepted connection know what they are", true, async (world) => {
    const listener = await world.listen();
    const { client, server } = await world.pair(listener);
    const { scheme } = world.transport;
    for (const connection of [client, server]) {
      assert.equal(connection.kind, stream ? "stream" : "datagram");
      assert.equal(connection.writable, true);
      assert.equal(connection.pendingBytes, 0);
    }
    // A local name is told as the place where it was found, a given connection as what it is.
    const where = formatAddress(client.remote ?? assert.fail());
    if (scheme !== "local" && scheme !== "over")
      assert.equal(where, formatAddress(listener.address));
    assert.equal(formatAddress(server.local ?? assert.fail()), where);
  });

  rule("a listener says what it bound", true, async (world) => {
    const { address } = await world.listen();
    if ("port" in address) assert.ok(address.port > 0);
    assert.ok(formatAddress(address).startsWith(`${address.scheme}:`));
  });

  rule("dialling where nobody listens is refused", refuses, async (world) => {
    await assert.rejects(
      world.dial(await world.address()),
      coded("ERR_CONNECTION_REFUSED", "ERR_NOT_FOUND"),
    );
  });

  rule("an address of another transport is refused", true, async (world) => {
    const foreign = { scheme: "nowhere", name: "x" } as unknown as Parameters<typeof world.dial>[0];
    await assert.rejects(world.dial(foreign), coded("ERR_INVALID_ADDRESS"));
    await assert.rejects(world.listen(foreign), coded("ERR_INVALID_ADDRESS"));
  });

  rule("a dial that was aborted before it began opens nothing", true, async (world) => {
    const { address } = await world.listenWith(() => assert.fail("somebody connected"));
    const reason = new Error("changed my mind");
    await assert.rejects(world.dial(address, { signal: AbortSignal.abort(reason) }), (error) => {
      assert.equal((error as Error).cause, reason);
      return coded("ERR_ABORTED")(error);
    });
    if (stream) await world.settle();
  });

  rule("a dial that is aborted on its way is undone", true, async (world) => {
    const accepted: Connection[] = [];
    const { address } = await world.listenWith((connection) => accepted.push(connection));
    const controller = new AbortController();
    const dialling = world.dial(address, { signal: controller.signal });
    controller.abort();
    await assert.rejects(dialling, coded("ERR_ABORTED"));
    await world.settle();
    // Some systems connect before anybody can say no; the far side then sees it end.
    for (const connection of accepted) await world.record(connection).closed();
  });

  rule("an abort after dialling changes nothing", true, async (world) => {
    const { address } = await world.listenEchoing();
    const controller = new AbortController();
    const connection = await world.dial(address, { signal: controller.signal });
    controller.abort();
    const hears = world.record(connection);
    connection.send("still here");
    await hears.received(10);
  });

  rule("listening that was aborted leaves the address free", true, async (world) => {
    const address = await world.address();
    const options = { signal: AbortSignal.abort() };
    const listening = world.transport.listen(address, echo, options);
    await assert.rejects(listening, coded("ERR_ABORTED"));
    await world.listenEchoing(address);
  });

  rule("listening that is aborted on its way leaves the address free", true, async (world) => {
    const address = await world.address();
    const controller = new AbortController();
    const listening = world.transport.listen(address, echo, { signal: controller.signal });
    controller.abort();
    // In memory there is no way on which it could be caught.
    await listening.then((listener) => listener.close(), coded("ERR_ABORTED"));
    await world.listenEchoing(address);
  });

  rule(
    "an address in use is refused, and its listener is not disturbed",
    exclusive,
    async (world) => {
      const { address } = await world.listenEchoing();
      await assert.rejects(world.listen(address), coded("ERR_ADDRESS_IN_USE"));
      const connection = await world.dial(address);
      const hears = world.record(connection);
      connection.send("alive?");
      await hears.received(6);
    },
  );

  rule("an address can be listened to again as soon as it was closed", reusable, async (world) => {
    const address = await world.address();
    for (let n = 0; n < 5; n++) {
      const listener = await world.listenEchoing(address);
      const connection = await world.dial(address);
      const hears = world.record(connection);
      connection.send("again");
      await hears.received(5);
      await listener.close();
      connection.abort();
    }
  });

  rule("a closed listener leaves its connections alone", stream, async (world) => {
    const listener = await world.listen();
    const { client, serverHears, server, clientHears } = await world.pair(listener);
    await within("the first close", listener.close());
    await within("the second close", listener.close());
    client.send("up");
    server.send("down");
    await Promise.all([serverHears.received(2), clientHears.received(4)]);
  });

  rule(
    "a closed listener cannot be dialled, though its connections stand",
    frees,
    async (world) => {
      const listener = await world.listen();
      await world.pair(listener);
      await listener.close();
      await assert.rejects(
        world.dial(listener.address),
        coded("ERR_CONNECTION_REFUSED", "ERR_NOT_FOUND"),
      );
    },
  );

  rule("100 peers at once each get their own answers", true, async (world) => {
    const { address } = await world.listenEchoing();
    const peers = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const connection = await world.dial(address);
        const hears = world.record(connection);
        const text = `I am number ${n}`;
        connection.send(text);
        await hears.received(text.length);
        return hears.bytes.toString() === text;
      }),
    );
    assert.equal(peers.filter(Boolean).length, 100);
  });
}
