import { afterEach, describe, expect, test } from "vitest";
import { ByteWriter, type WriteTarget } from "../../src/bytes/byte-writer.ts";
import { readAsOneTick } from "../../src/bytes/tick.ts";

/** Records every write. */
class Target implements WriteTarget {
  readonly writes: string[] = [];
  readonly kinds: string[] = [];
  writable = true;

  send(data: Uint8Array | string): boolean {
    this.kinds.push(typeof data === "string" ? "text" : "bytes");
    this.writes.push(typeof data === "string" ? data : Buffer.from(data).toString());
    return this.writable;
  }

  get text(): string {
    return this.writes.join("");
  }
}

const writers: ByteWriter[] = [];

function open(): { target: Target; writer: ByteWriter } {
  const target = new Target();
  const writer = new ByteWriter(target);
  writers.push(writer);
  return { target, writer };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  for (const writer of writers.splice(0)) writer.close();
});

describe("ByteWriter", () => {
  test("sends the first message at once and the rest of the tick together", async () => {
    const { target, writer } = open();
    for (const text of ["a", "b", "c"]) writer.write(text);
    expect(target.writes).toEqual(["a"]);
    expect(writer.collected).toBe(2);
    await nextTurn();
    expect(target.writes).toEqual(["a", "bc"]);
    expect(writer.collected).toBe(0);
  });

  test("is idle again when the tick is over", async () => {
    const { target, writer } = open();
    writer.write("a");
    await nextTurn();
    writer.write("b");
    expect(target.writes).toEqual(["a", "b"]);
  });

  test("hands over in chunks that grow, so that a flood holds little and the peer starts early", async () => {
    const { target, writer } = open();
    const message = "x".repeat(64);
    for (let count = 0; count < 10_000; count += 1) writer.write(message);
    const lengths = target.writes.map((write) => write.length);
    expect(lengths.slice(0, 4)).toEqual([64, 1024, 4096, 16_384]);
    expect(Math.max(...lengths)).toBe(65_536);
    expect(writer.collected).toBeLessThan(65_536);
    await nextTurn();
    expect(target.text).toBe(message.repeat(10_000));
  });

  test("nothing leaves early for a target that is behind, and what is joined waits as bytes", async () => {
    const { target, writer } = open();
    target.writable = false;
    for (const text of ["a", "b", "ç"]) expect(writer.write(text)).toBe(false);
    expect(target.writes).toEqual([]);
    expect(writer.collected).toBe(3);
    await nextTurn();
    expect(target.writes).toEqual(["abç"]);
    expect(target.kinds).toEqual(["bytes"]);

    target.writable = true;
    writer.write("d");
    expect(target.writes).toEqual(["abç", "d"]);
  });

  test.each([true, false])("a large text is not joined with others (writable: %s)", (writable) => {
    const { target, writer } = open();
    target.writable = writable;
    const large = "x".repeat(65_536);
    writer.write("a");
    writer.write("b");
    writer.write(large);
    expect(target.writes.join("")).toBe(`ab${large}`);
    expect(target.writes.at(-1)).toBe(large);
    expect(target.kinds.at(-1)).toBe("text");
  });

  test("a dispatch of received bytes is one tick: what follows the first answer leaves at its end", () => {
    const { target, writer } = open();
    const seen: string[][] = [];
    const reader = {
      read(text: string) {
        for (const character of text) writer.write(character);
        if (text === "abc") readAsOneTick(reader, "de");
        seen.push([...target.writes]);
      },
    };
    readAsOneTick(reader, "abc");
    expect(seen).toEqual([["a"], ["a"]]);
    expect(target.writes).toEqual(["a", "bcde"]);
  });

  test("a dispatch that throws hands over what it had written", () => {
    const { target, writer } = open();
    const reader = {
      read() {
        writer.write("a");
        writer.write("b");
        throw new Error("of the reader");
      },
    };
    expect(() => readAsOneTick(reader, undefined)).toThrow("of the reader");
    expect(target.writes).toEqual(["a", "b"]);
  });

  test("bytes keep their place among text", () => {
    const { target, writer } = open();
    writer.write("a");
    writer.write("b");
    writer.writeBytes(Buffer.from("c"));
    writer.write("d");
    writer.flush();
    expect(target.writes).toEqual(["a", "b", "c", "d"]);
  });

  test("a flush does not end the tick: what follows is still collected", async () => {
    const { target, writer } = open();
    writer.write("a");
    writer.write("b");
    writer.flush();
    writer.write("c");
    writer.write("d");
    expect(target.writes).toEqual(["a", "b"]);
    await nextTurn();
    expect(target.writes).toEqual(["a", "b", "cd"]);
  });

  test("reports false exactly while the target is over its mark, so that its drain follows", () => {
    const { target, writer } = open();
    expect(writer.write("a")).toBe(true);
    expect(writer.write("b")).toBe(true);
    target.writable = false;
    expect(writer.write("c")).toBe(false);
    target.writable = true;
    expect(writer.write("d")).toBe(true);
  });

  test("one writer's end does not keep the others from leaving", async () => {
    const first = open();
    const second = open();
    for (const { writer } of [first, second]) {
      writer.write("a");
      writer.write("b");
    }
    first.writer.close();
    await nextTurn();
    expect(first.target.text).toBe("a");
    expect(second.target.text).toBe("ab");
    expect(first.writer.write("c")).toBe(false);
    expect(first.writer.writeBytes(Buffer.from("c"))).toBe(false);
  });

  test("leaves no listener on the process behind", () => {
    const before = process.listenerCount("exit");
    const { writer } = open();
    const other = open();
    expect(process.listenerCount("exit")).toBe(before + 1);
    writer.close();
    writer.close();
    expect(process.listenerCount("exit")).toBe(before + 1);
    other.writer.close();
    expect(process.listenerCount("exit")).toBe(before);
  });
});
