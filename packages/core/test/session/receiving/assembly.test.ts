// What a message that arrives in pieces takes of the memory before it is there.
import { expect, test, vi } from "vitest";
import type { Entry } from "../../../src/session/messages/entry-reader.ts";
import { Assembly } from "../../../src/session/receiving/assembly.ts";
import { entryKind } from "../../../src/session/wire.ts";

const item = { kind: entryKind.item, id: 1 } as unknown as Entry;

test("an item that was promised and has hardly begun takes hardly any", () => {
  const assembly = new Assembly(item, 2, 60_000, true);
  assembly.add(Buffer.alloc(1));
  expect(assembly.body.length).toBeLessThanOrEqual(256);
  assembly.add(Buffer.alloc(1_000, 1));
  expect(assembly.body.length).toBeLessThanOrEqual(2 * 1_001);
  assembly.add(Buffer.alloc(58_999, 2));
  expect(assembly.isComplete).toBe(true);
  const expected = [Buffer.alloc(1), Buffer.alloc(1_000, 1), Buffer.alloc(58_999, 2)];
  expect(assembly.body.equals(Buffer.concat(expected))).toBe(true);
});

test("a message for which there is no memory breaks no rule", () => {
  const assembly = new Assembly(item, 2, 60_000, true);
  vi.spyOn(Buffer, "allocUnsafeSlow").mockImplementationOnce(() => {
    throw new RangeError("Array buffer allocation failed");
  });
  expect(() => assembly.add(Buffer.alloc(1_000))).toThrow(
    expect.objectContaining({ code: "ERR_BUSY" }),
  );
});
