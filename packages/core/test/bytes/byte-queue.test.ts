import { describe, expect, test } from "vitest";
import { ByteQueue } from "../../src/bytes/byte-queue.ts";

describe("ByteQueue", () => {
  test("gives back what was pushed, in order", () => {
    const queue = new ByteQueue();
    queue.push(Buffer.from("hel"));
    queue.push(Buffer.from("lo"));
    expect(queue.length).toBe(5);
    expect(queue.takeAll().toString()).toBe("hello");
    expect(queue.length).toBe(0);
    expect(queue.takeAll()).toHaveLength(0);
  });

  test("keeps a copy: the chunk may change afterwards", () => {
    const queue = new ByteQueue();
    const chunk = Buffer.from("before");
    queue.push(chunk);
    chunk.fill(0xdd);
    expect(queue.takeAll().toString()).toBe("before");
  });

  test("shows its last bytes", () => {
    const queue = new ByteQueue();
    expect(queue.tail(2)).toHaveLength(0);
    queue.push(Buffer.from("abc"));
    expect(queue.tail(2).toString()).toBe("bc");
    expect(queue.tail(9).toString()).toBe("abc");
  });

  test("can be looked at, and emptied from the front", () => {
    const queue = new ByteQueue();
    queue.push(Buffer.from("abcdef"));
    expect(queue.peek().toString()).toBe("abcdef");
    queue.discard(4);
    queue.push(Buffer.from("gh"));
    expect(queue.length).toBe(4);
    expect(queue.takeAll().toString()).toBe("efgh");
  });

  test("holds many single bytes in a few blocks, not in an object for each", () => {
    const queue = new ByteQueue();
    const byte = Buffer.from("x");
    const before = process.memoryUsage();
    for (let count = 0; count < 1_000_000; count += 1) queue.push(byte);
    const after = process.memoryUsage();
    // A Buffer object for each byte would be at least 80 MB.
    const grown = after.heapUsed - before.heapUsed + (after.arrayBuffers - before.arrayBuffers);
    expect(queue.length).toBe(1_000_000);
    expect(grown).toBeLessThan(16 * 1024 * 1024);
  });

  test("lets go of a large block once it was taken", () => {
    const queue = new ByteQueue();
    queue.push(Buffer.alloc(8 * 1024 * 1024));
    const taken = queue.takeAll();
    queue.push(Buffer.from("next"));
    expect(queue.takeAll().buffer).not.toBe(taken.buffer);
  });
});
