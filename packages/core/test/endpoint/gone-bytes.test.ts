// Bytes whose memory was transferred to somebody else, before they are sent or after.
import { connect, tcp } from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { all, freshAddress, keep, pair } from "./pairing.ts";

const notSerializable = { code: "ERR_NOT_SERIALIZABLE" };

function takeAway(bytes: Uint8Array): void {
  structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
}

/** Bytes that are gone already. */
function gone(length = 10): Uint8Array {
  const bytes = new Uint8Array(length);
  takeAway(bytes);
  return bytes;
}

function shrunk(): Uint8Array {
  const Resizable = ArrayBuffer as unknown as new (
    length: number,
    options: object,
  ) => ArrayBuffer & { resize(length: number): void };
  const buffer = new Resizable(10, { maxByteLength: 20 });
  const bytes = new Uint8Array(buffer, 5, 5);
  buffer.resize(1);
  return bytes;
}

describe("gone before they are sent", () => {
  test("they are refused as often as one likes, and what is well is sent afterwards", async () => {
    const { client, server } = await pair({ server: { limits: { windowMessages: 4 } } });
    const heard: unknown[] = [];
    server.on("e", (data) => void heard.push(data));
    server.handle("c", () => 1);
    for (let n = 0; n < 10; n++) {
      expect(() => client.send("e", gone())).toThrow(expect.objectContaining(notSerializable));
      expect(() => client.send("e", shrunk())).toThrow(expect.objectContaining(notSerializable));
      expect(() => client.send("e", 1, { bytes: [new Uint8Array(1), gone()] })).toThrow(
        expect.objectContaining(notSerializable),
      );
      await expect(client.post("e", gone())).rejects.toMatchObject(notSerializable);
      await expect(client.call("c", gone(), { timeoutMs: 0 })).rejects.toMatchObject(
        notSerializable,
      );
    }
    expect(client.stats()).toMatchObject({ pendingCalls: 0, pendingBytes: 0 });
    client.send("e", new Uint8Array(0));
    client.send("e", "fine");
    await within("flush", client.flush());
    expect(heard).toEqual([new Uint8Array(0), "fine"]);
    expect(server.broadcast("e", "to all")).toMatchObject({ accepted: 1 });
    expect(() => server.broadcast("e", gone())).toThrow(expect.objectContaining(notSerializable));
    await client.close();
  });

  test("as items they fail their stream, and nothing else", async () => {
    const { client, server } = await pair();
    server.handle("items", function* () {
      yield new Uint8Array(1);
      yield gone();
    });
    await expect(within("the end", all(client.stream("items")))).rejects.toMatchObject({
      code: "ERR_NOT_SERIALIZABLE",
    });
    server.handle("c", () => "fine");
    expect(await client.call("c")).toBe("fine");
  });

  test("they are refused while there is no connection", async () => {
    const client = keep(await connect(freshAddress(), { lazy: true, offline: "queue" }));
    expect(() => client.send("e", gone())).toThrow(expect.objectContaining(notSerializable));
    await expect(client.call("c", gone())).rejects.toMatchObject(notSerializable);
  });
});

describe("gone while they are lent", () => {
  const size = 1_000_000;

  test.each([
    ["before any of it has left", 0],
    ["when a part of it has left", 0.9 * size],
  ])("the session ends, with a reason, and another one begins: %s", async (_, passed) => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { client, peer, server, notices } = await pair({
      client: { retry: { minMs: 1 } },
      server: { limits: { windowMessages: 1 }, events: { busy: () => gate } },
    });
    server.handle("c", (data) => (data as { length: number }).length);
    server.handle("busy", () => gate);
    const bytes = new Uint8Array(size);
    if (passed === 0) {
      client.send("busy");
      client.send("busy");
      client.send("e", bytes);
    } else {
      client.send("e", bytes);
      // Fills the window, which the last part waits for.
      void client.call("busy").catch(() => {});
    }
    await until("a part", () => peer.stats().received.bytes >= passed);
    const call = client.call("c", bytes, { timeoutMs: 0 });
    const outcome = expect(within("the call", call)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_(NOT_SERIALIZABLE|CONNECTION_LOST)$/),
    });
    takeAway(bytes);
    release();
    await outcome;
    const end = await within("its end", peer.closed);
    expect(end.error?.message).toContain("transferred away");
    await until("another session", () => client.state === "open");
    expect(await within("a call", client.call("c", "fine"))).toBe(4);
    await client.flush();
    expect(client.stats()).toMatchObject({ pendingBytes: 0, pendingCalls: 0 });
    expect(notices).toMatchObject([{ kind: "dropped", events: 1 }]);
    await client.close();
  });

  test("what is to be sent again ends the session, and not the process", async () => {
    const line = faulty(tcp());
    const heard: unknown[] = [];
    const { client, server } = await pair({
      kind: "tcp",
      client: { transports: [line], retry: { minMs: 1 } },
      server: { events: { e: (data) => void heard.push(data) } },
    });
    server.handle("c", (data) => (data as { length: number }).length);
    line.faults.stall("up");
    const bytes = new Uint8Array(200_000);
    client.send("e", bytes);
    await turns(3);
    line.faults.cutAll();
    takeAway(bytes);
    line.faults.heal();
    expect(await within("a call", client.call("c", "fine"))).toBe(4);
    expect(heard).toEqual([]);
    await client.flush();
    expect(client.stats()).toMatchObject({ pendingBytes: 0, pendingCalls: 0 });
    await client.close();
  });
});
