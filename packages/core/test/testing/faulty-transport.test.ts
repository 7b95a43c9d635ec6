import fc from "fast-check";
import type { Connection, MyelinError } from "myelin";
import { memory } from "myelin";
import {
  type ConnectedPair,
  connectedPair,
  type Fault,
  type FaultOptions,
  Faults,
  faulty,
  type MemoryNetworkOptions,
  memoryNetwork,
  type VirtualClock,
} from "myelin/testing";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";

/** Writes down what one end hears, and when. */
class Ear {
  readonly pieces: { readonly atMs: number; readonly bytes: Buffer }[] = [];
  readonly closes: (MyelinError | undefined)[] = [];
  drains = 0;

  constructor(connection: Connection, clock: VirtualClock) {
    connection.open({
      onData: (chunk) => this.pieces.push({ atMs: clock.now(), bytes: Buffer.from(chunk) }),
      onDrain: () => this.drains++,
      onClose: (error) => this.closes.push(error),
    });
  }

  get text(): string {
    return Buffer.concat(this.pieces.map(({ bytes }) => bytes)).toString("latin1");
  }

  get codes(): (string | undefined)[] {
    return this.closes.map((error) => error?.code);
  }
}

interface Heard extends ConnectedPair {
  readonly dialler: Ear;
  readonly listener: Ear;
  readonly log: Fault[];
}

function heardPair(options: MemoryNetworkOptions = {}): Heard {
  const log: Fault[] = [];
  const pair = connectedPair({ onFault: (fault) => log.push(fault), ...options });
  const dialler = new Ear(pair.dialled, pair.clock);
  const listener = new Ear(pair.accepted, pair.clock);
  return { ...pair, dialler, listener, log };
}

const alphabet = "abcdefghijklmnopqrstuvwxyz";

describe("a faulty connection", () => {
  test("has what it was given, though the memory of that is gone before it passes", () => {
    const { clock, dialled, faults, listener } = heardPair();
    faults.stall("up");
    const bytes = new Uint8Array([1, 2, 3]);
    dialled.send(bytes);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    faults.heal();
    clock.runUntilIdle();
    expect(listener.text).toBe("\x01\x02\x03");
  });

  test.each(Array.from({ length: 27 }, (_, n) => n))("is cut after exactly %d bytes", (count) => {
    const { accepted, clock, dialled, dialler, faults, listener, log } = heardPair({
      seed: count,
      cutAfterBytes: count,
      chunkBytes: [1, 5],
    });
    for (const letter of alphabet) dialled.send(letter);
    clock.runUntilIdle();
    expect(listener.text).toBe(alphabet.slice(0, count));
    expect(dialler.codes).toEqual(["ERR_CONNECTION_LOST"]);
    expect(listener.closes).toHaveLength(1);
    expect(log).toMatchObject([{ kind: "cut", connection: 1, bytes: count }]);
    expect(() => dialled.send("late")).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    expect(() => accepted.send("late")).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    expect(faults.connections).toBe(0);
  });

  test("counts the bytes of both directions until it is cut", () => {
    const { accepted, clock, dialled, dialler, listener } = heardPair({ cutAfterBytes: 10 });
    dialled.send("123456");
    clock.runUntilIdle();
    accepted.send("abcdef");
    clock.runUntilIdle();
    expect([listener.text, dialler.text]).toEqual(["123456", "abcd"]);
    expect(dialler.codes).toEqual(["ERR_CONNECTION_LOST"]);
  });

  test("delays every piece, and keeps the order", () => {
    const { clock, dialled, listener } = heardPair({ delayMs: [5, 50] });
    for (const letter of alphabet) {
      dialled.send(letter);
      clock.advance(1);
    }
    clock.runUntilIdle();
    expect(listener.text).toBe(alphabet);
    const times = listener.pieces.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    for (const [sentAt, atMs] of times.entries()) {
      expect(atMs - sentAt).toBeGreaterThanOrEqual(5);
      expect(atMs).toBeLessThanOrEqual(26 + 50);
    }
  });

  test("splits and merges what was sent", () => {
    const { clock, dialled, listener } = heardPair({ chunkBytes: [2, 7] });
    dialled.send(alphabet);
    for (const letter of alphabet) dialled.send(letter);
    clock.runUntilIdle();
    expect(listener.text).toBe(alphabet + alphabet);
    const sizes = listener.pieces.map(({ bytes }) => bytes.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(7);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(2);
    expect(new Set(sizes).size).toBeGreaterThan(2);
  });

  test("halts by chance in one direction, and goes on after that time", () => {
    const stall = { chance: 1, ms: 100 };
    const { clock, dialled, listener, log } = heardPair({ stall });
    dialled.send("hello");
    clock.advance(99);
    expect([listener.text, log.map(({ kind }) => kind)]).toEqual(["", ["stalled"]]);
    clock.advance(1);
    clock.runUntilIdle();
    expect(listener.text).toBe("hello");
    expect(log).toMatchObject([
      { kind: "stalled", direction: "up", atMs: 0, bytes: 0 },
      { kind: "healed", direction: "up", atMs: 100 },
    ]);
  });

  test("overwrites a chunk once it was heard", () => {
    const { accepted, clock, dialled } = connectedPair();
    const kept: Uint8Array[] = [];
    dialled.open({ onData: (chunk) => kept.push(chunk), onDrain() {}, onClose() {} });
    accepted.send("hello");
    clock.runUntilIdle();
    expect(kept.map((chunk) => [...chunk])).toEqual([[0xdd, 0xdd, 0xdd, 0xdd, 0xdd]]);
  });

  test("never changes, loses or reorders a byte, whatever else happens", () => {
    const range = fc
      .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 40 }))
      .map(([min, more]) => [min, min + more] as const);
    const options = fc.record(
      {
        seed: fc.integer(),
        delayMs: range,
        chunkBytes: range,
        stall: fc.record({ chance: fc.double({ min: 0, max: 1, noNaN: true }), ms: range }),
      },
      { requiredKeys: ["seed"] },
    );
    const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 20 });
    fc.assert(
      fc.property(options, messages, messages, (given, up, down) => {
        const { accepted, clock, dialled, dialler, listener } = heardPair(given);
        for (const each of up) dialled.send(each);
        for (const each of down) {
          accepted.send(each);
          clock.advance(3);
        }
        void dialled.close({ timeoutMs: 1e6 });
        clock.runUntilIdle();
        expect(listener.text).toBe(Buffer.concat(up).toString("latin1"));
        expect(dialler.text).toBe(Buffer.concat(down).toString("latin1"));
        expect([dialler.codes, listener.codes]).toEqual([[undefined], [undefined]]);
      }),
    );
  });

  test("becomes nonsense only when asked to", () => {
    const { clock, dialled, listener, log } = heardPair({ corrupt: 0.1, chunkBytes: [1, 50] });
    const sent = Buffer.alloc(10_000, 0x55);
    dialled.send(sent);
    clock.runUntilIdle();
    const heard = Buffer.from(listener.text, "latin1");
    expect(heard).toHaveLength(sent.length);
    expect(sent.every((byte) => byte === 0x55)).toBe(true);
    const changed = [...heard.entries()].filter(([, byte]) => byte !== 0x55).map(([at]) => at);
    expect(changed.length).toBeGreaterThan(800);
    expect(changed.length).toBeLessThan(1_200);
    expect(log.map(({ kind, bytes }) => [kind, bytes])).toEqual(
      changed.map((at) => ["corrupted", at]),
    );
  });
});

describe("the faults that a test makes", () => {
  test("cutAll breaks all that stand, and leaves new ones alone", async () => {
    const { clock, faults, transport } = memoryNetwork();
    const accepted: Ear[] = [];
    const address = { scheme: "memory", name: "x" } as const;
    await transport.listen(address, (connection) => accepted.push(new Ear(connection, clock)));
    const ears = [];
    for (let n = 0; n < 3; n++) {
      ears.push(new Ear(await clock.until(transport.dial(address)), clock));
    }
    await clock.runUntilIdleAsync();
    expect(faults.connections).toBe(3);
    faults.cutAll();
    const fresh = new Ear(await clock.until(transport.dial(address)), clock);
    await clock.runUntilIdleAsync();
    expect(ears.map(({ codes }) => codes)).toEqual(ears.map(() => ["ERR_CONNECTION_LOST"]));
    expect(accepted.map(({ closes }) => closes.length)).toEqual([1, 1, 1, 0]);
    expect([fresh.closes, faults.connections]).toEqual([[], 1]);
  });

  test("a cut that the listener does not notice leaves its end open, and brings what was sent late", () => {
    const { accepted, clock, dialled, dialler, faults, listener } = heardPair({ delayMs: 10 });
    dialled.send("on its way");
    faults.cutAll("dialler");
    clock.advance(1_000_000);
    expect(dialler.codes).toEqual(["ERR_CONNECTION_LOST"]);
    expect([listener.text, listener.closes, accepted.send("into the void")]).toEqual([
      "",
      [],
      true,
    ]);
    faults.heal();
    clock.runUntilIdle();
    expect(listener.text).toBe("on its way");
    expect(listener.closes).toHaveLength(1);
    expect(dialler.text).toBe("");
    expect(faults.connections).toBe(0);
  });

  test("a cut that the dialler does not notice is told when it heals", () => {
    const { clock, dialled, dialler, faults, listener } = heardPair();
    faults.cutAll("listener");
    dialled.send("into the void");
    clock.advance(1_000_000);
    expect([listener.closes.length, dialler.closes.length]).toEqual([1, 0]);
    faults.heal();
    clock.runUntilIdle();
    expect(dialler.codes).toEqual(["ERR_CONNECTION_LOST"]);
    expect(listener.text).toBe("");
    expect(faults.connections).toBe(0);
  });

  test("a stall lets nothing pass, and loses nothing", () => {
    const { accepted, clock, dialled, dialler, faults, listener, log } = heardPair();
    faults.stall();
    dialled.send("up");
    accepted.send("down");
    clock.advance(1_000_000);
    expect([listener.text, dialler.text]).toEqual(["", ""]);
    faults.heal();
    clock.runUntilIdle();
    expect([listener.text, dialler.text]).toEqual(["up", "down"]);
    expect(log.map(({ kind, direction }) => `${kind} ${direction}`)).toEqual([
      "stalled up",
      "stalled down",
      "healed up",
      "healed down",
    ]);
  });

  test("a stall keeps an end back, and does not make a broken one of it", async () => {
    const { accepted, clock, dialler, faults, listener } = heardPair();
    faults.stall("down");
    await clock.until(accepted.close());
    clock.advance(1_000_000);
    expect([dialler.closes, listener.codes]).toEqual([[], [undefined]]);
    faults.heal();
    clock.runUntilIdle();
    expect(dialler.codes).toEqual([undefined]);
  });

  test("what a stall kept back is told as undelivered when the listener has ended meanwhile", async () => {
    const { accepted, clock, dialled, dialler, faults, listener } = heardPair();
    faults.stall();
    dialled.send("up");
    await clock.until(accepted.close());
    faults.heal();
    clock.runUntilIdle();
    expect([dialler.codes, listener.text]).toEqual([["ERR_UNDELIVERED"], ""]);
  });

  test.each([
    ["up", "", "down"],
    ["down", "up", ""],
  ] as const)("a stall of one direction (%s) leaves the other", (direction, up, down) => {
    const { accepted, clock, dialled, dialler, faults, listener } = heardPair();
    faults.stall(direction);
    dialled.send("up");
    accepted.send("down");
    clock.advance(1_000);
    expect([listener.text, dialler.text]).toEqual([up, down]);
    faults.heal();
    clock.runUntilIdle();
    expect([listener.text, dialler.text]).toEqual(["up", "down"]);
  });

  test("a stall is felt by the writer, and by one that closes or aborts", async () => {
    const { clock, dialled, dialler, faults, listener } = heardPair();
    faults.stall();
    expect(dialled.send(new Uint8Array(64 * 1024))).toBe(false);
    expect([dialled.writable, dialled.pendingBytes]).toEqual([false, 64 * 1024]);
    const closing = dialled.close({ timeoutMs: 500 });
    clock.advance(499);
    expect(dialler.closes).toEqual([]);
    clock.advance(1);
    await expect(closing).rejects.toMatchObject({ code: "ERR_UNDELIVERED" });
    expect([dialler.codes, listener.closes]).toEqual([["ERR_UNDELIVERED"], []]);
    faults.heal();
    clock.runUntilIdle();
    // The abort arrives at last; what it took back does not.
    expect([listener.text, listener.closes.length]).toEqual(["", 1]);
  });

  test("a writer that had to wait hears when it may go on", () => {
    const { clock, dialled, dialler, faults } = heardPair();
    faults.stall("up");
    expect(dialled.send(new Uint8Array(100_000))).toBe(false);
    clock.advance(1_000);
    expect(dialler.drains).toBe(0);
    faults.heal();
    clock.runUntilIdle();
    expect([dialler.drains, dialled.writable, dialled.pendingBytes]).toEqual([1, true, 0]);
  });

  test("a reader that is halted makes its peer wait, not this process collect", () => {
    const { accepted, clock, faults } = heardPair();
    faults.stall("down");
    let accept = true;
    for (let n = 0; n < 100 && accept; n++) {
      accept = accepted.send(new Uint8Array(10_000));
      clock.advance(1);
    }
    expect(accept).toBe(false);
  });

  test("dialling is refused, or waits, until it heals", async () => {
    const { clock, faults, transport } = memoryNetwork();
    const address = { scheme: "memory", name: "x" } as const;
    await transport.listen(address, () => {});
    faults.refuse();
    await expect(clock.until(transport.dial(address))).rejects.toMatchObject({
      code: "ERR_CONNECTION_REFUSED",
      address: "memory:x",
    });
    faults.heal();
    faults.stall("down");
    let dialled: Connection | undefined;
    const dialling = transport.dial(address).then((connection) => {
      dialled = connection;
    });
    await clock.advanceAsync(1_000_000);
    expect(dialled).toBeUndefined();
    const controller = new AbortController();
    const given = transport.dial(address, { signal: controller.signal });
    controller.abort();
    await expect(clock.until(given)).rejects.toMatchObject({ code: "ERR_ABORTED" });
    faults.heal();
    await clock.until(dialling);
    expect(dialled).toBeDefined();
  });
});

/** Everything that can be seen of some traffic under all faults at once. */
async function traceOf(seed: number): Promise<unknown[]> {
  const trace: unknown[] = [];
  const { clock, transport } = memoryNetwork({
    seed,
    refuse: 0.2,
    cutAfterBytes: [0, 2_000],
    delayMs: [0, 20],
    chunkBytes: [1, 64],
    stall: { chance: 0.05, ms: [1, 500] },
    corrupt: 0.001,
    onFault: (fault) => trace.push(fault),
  });
  const address = { scheme: "memory", name: "x" } as const;
  const hear = (side: string, connection: Connection) =>
    connection.open({
      onData: (chunk) => trace.push([clock.now(), side, Buffer.from(chunk).toString("hex")]),
      onDrain: () => trace.push([clock.now(), side, "drain"]),
      onClose: (error) => trace.push([clock.now(), side, "close", error?.code]),
    });
  await transport.listen(address, (connection) => {
    hear("listener", connection);
    connection.send("welcome".repeat(50));
  });
  for (let n = 0; n < 10; n++) {
    try {
      const connection = await clock.until(transport.dial(address));
      hear(`dialler ${n}`, connection);
      connection.send(`${n}`.repeat(Math.floor(clock.random() * 3_000)));
    } catch (reason) {
      trace.push([clock.now(), (reason as MyelinError).code]);
    }
  }
  await clock.runUntilIdleAsync();
  return trace;
}

describe("the same seed", () => {
  test("makes the same faults, to the byte and the millisecond", async () => {
    const trace = await traceOf(7);
    expect(trace.length).toBeGreaterThan(100);
    expect(await traceOf(7)).toEqual(trace);
    expect(await traceOf(8)).not.toEqual(trace);
    const kinds = new Set(trace.map((each) => (each as Fault).kind));
    for (const kind of ["refused", "cut", "stalled", "healed", "corrupted"]) {
      expect(kinds).toContain(kind);
    }
  });

  test("is told", () => {
    expect(memoryNetwork({ seed: 99 }).faults.seed).toBe(99);
    expect(memoryNetwork({ seed: 99 }).clock.seed).toBe(99);
  });

  test("refuses as often as it was told to", async () => {
    const { clock, transport } = memoryNetwork({ refuse: 0.25 });
    const address = { scheme: "memory", name: "x" } as const;
    await transport.listen(address, () => {});
    let refused = 0;
    for (let n = 0; n < 1_000; n++) {
      await clock.until(transport.dial(address)).catch(() => refused++);
    }
    expect(refused).toBeGreaterThan(200);
    expect(refused).toBeLessThan(300);
  });
});

describe("a network of one's own", () => {
  test("is seen by nobody else", async () => {
    const [one, other] = [memoryNetwork(), memoryNetwork()];
    const address = { scheme: "memory", name: "x" } as const;
    await one.transport.listen(address, () => {});
    await expect(other.clock.until(other.transport.dial(address))).rejects.toMatchObject({
      code: "ERR_CONNECTION_REFUSED",
    });
    await expect(one.clock.until(one.transport.dial(address))).resolves.toBeDefined();
  });

  test("closes in its own time, too", async () => {
    const { accepted, clock, dialled, dialler, listener } = heardPair();
    dialled.pause();
    const closing = accepted.close({ timeoutMs: 60_000 });
    dialled.send("last words");
    dialled.resume();
    await clock.until(closing);
    clock.runUntilIdle();
    expect(listener.text).toBe("last words");
    expect([dialler.closes.length, listener.closes.length]).toEqual([1, 1]);
    expect(clock.now()).toBe(0);
  });
});

const options: [names: string, options: object][] = [
  ["refuse", { refuse: 2 }],
  ["refuse", { refuse: Number.NaN }],
  ["refuse", { refuse: "0.5" }],
  ["corrupt", { corrupt: -0.1 }],
  ["delayMs", { delayMs: -1 }],
  ["delayMs", { delayMs: [5, 1] }],
  ["delayMs", { delayMs: null }],
  ["cutAfterBytes", { cutAfterBytes: 0.5 }],
  ["chunkBytes", { chunkBytes: 0 }],
  ["chunkBytes", { chunkBytes: [1, 2, 3] }],
  ["stall", { stall: 5 }],
  ["stall.chance", { stall: { chance: 1.5, ms: 1 } }],
  ["stall.chance", { stall: { ms: 1 } }],
  ["stall.ms", { stall: { chance: 0.5, ms: -1 } }],
  ["stall.ms", { stall: { chance: 0.5 } }],
  ["stall.times", { stall: { chance: 0.5, ms: 1, times: 3 } }],
  ["seed", { seed: "1" }],
  ["clock", { clock: {} }],
  ["onFault", { onFault: 5 }],
  ["delay", { delay: 5 }],
];

test.each(options)("%s that cannot be is refused, and named: %o", (name, options) => {
  const error = (owner: string) =>
    expect.objectContaining({
      code: "ERR_CONFIG",
      message: expect.stringMatching(new RegExp(`^${owner}\\(\\).* "?${name}\\b`)),
    });
  expect(() => faulty(memory(), options as FaultOptions)).toThrow(error("faulty"));
  expect(() => memoryNetwork(options)).toThrow(error("memoryNetwork"));
  expect(() => connectedPair(options)).toThrow(error("connectedPair"));
});

test.each([[null], [5], ["tcp"], [[]]])(
  "%j is refused as options, as a transport and as what may be said",
  (nothing) => {
    const given = nothing as never;
    const error = (says: string) =>
      expect.objectContaining({ code: "ERR_CONFIG", message: expect.stringContaining(says) });
    expect(() => faulty(given)).toThrow(error("faulty(): takes a transport"));
    expect(() => faulty(memory(), given)).toThrow(error("faulty(): options must be an object"));
    expect(() => memoryNetwork(given)).toThrow(error("memoryNetwork(): options must be an object"));
    expect(() => connectedPair(given)).toThrow(error("connectedPair(): options must be an object"));
    expect(() => new Faults(given)).toThrow(error("options must be an object"));
    const { faults } = memoryNetwork();
    expect(() => faults.stall(given)).toThrow(error("stall(): direction must be one of both, up"));
    expect(() => faults.cutAll(given)).toThrow(
      error("cutAll(): noticedBy must be one of both, dialler"),
    );
  },
);

test("a network has a clock that stands still", () => {
  const clock = systemClock as VirtualClock;
  expect(() => memoryNetwork({ clock })).toThrow("memoryNetwork(): clock must be a VirtualClock");
});
