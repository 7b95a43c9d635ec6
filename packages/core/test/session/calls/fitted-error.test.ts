// What is left of an error when the peer reads little: its code, and the beginning of its message at least.
import { describe, expect, test } from "vitest";
import { fittedError } from "../../../src/session/calls/fitted-error.ts";

const room = 900;
const large = "d".repeat(1_000);
const message = "why";
const name = "Error";

function fitted(record: Parameters<typeof fittedError>[0], maxBytes = room): unknown {
  const json = fittedError(record, maxBytes);
  expect(Buffer.byteLength(json)).toBeLessThanOrEqual(maxBytes);
  return JSON.parse(json);
}

describe("an error that is too large", () => {
  test("loses the data of its causes first", () => {
    const cause = { name, message, data: large, cause: { name, message, data: "y" } };
    expect(fitted({ name, message, data: "x", stack: "at", cause })).toEqual({
      ...{ name, message, data: "x", stack: "at" },
      cause: { name, message, cause: { name, message } },
    });
  });

  test("then its causes, its data and its stack", () => {
    const cause = { name, message: large };
    expect(fitted({ name, message, data: "x", cause })).toEqual({ name, message, data: "x" });
    expect(fitted({ name, message, stack: "at", data: large })).toEqual({
      ...{ name, message, stack: "at" },
    });
    expect(fitted({ name, message, stack: large })).toEqual({ name, message });
  });

  test.each(["x", "é", "\0", "😀", "\ud800"])("then the end of its message: %j", (unit) => {
    const long = unit.repeat(2_000);
    const left = fitted({ name, code: "E_CODE", message: long }) as { message: string };
    expect(left).toMatchObject({ name, code: "E_CODE" });
    expect(long.startsWith(left.message)).toBe(true);
    expect(left.message.length % unit.length).toBe(0);
    // No more is cut than has to be: a further unit of it would not have fit.
    const more = { name, message: left.message + unit, code: "E_CODE" };
    expect(Buffer.byteLength(JSON.stringify(more))).toBeGreaterThan(room);
  });

  test("and the ends of its name and code when they alone are too long", () => {
    const long = "\0".repeat(8_000);
    expect(fitted({ name: long, code: long, message: long })).toMatchObject({
      ...{ name: long.slice(0, 64), code: long.slice(0, 64) },
    });
  });

  test("is whole when it fits", () => {
    const record = { name, message, data: large, cause: { name, message, data: large } };
    expect(fitted(record, 4_000)).toEqual(record);
  });
});
