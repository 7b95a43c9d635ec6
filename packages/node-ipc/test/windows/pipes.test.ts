// Named pipes of Windows, under the names that every node-ipc gives them.
import { describe, expect, test } from "vitest";

test("runs", async () => {
  expect(process.platform).toBe("win32");
});
test("runs not", async () => {
  expect({ a: 1 }).toEqual({ a: 2 });
});
