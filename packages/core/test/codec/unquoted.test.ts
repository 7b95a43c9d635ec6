// Errors are logged: they quote nothing of a peer's data.
import { expect, test } from "vitest";
import { parseJson } from "../../src/codec/json.ts";

test("what is no JSON is not quoted", () => {
  expect(() => parseJson(Buffer.from("[hunter2]"))).toThrow(/^this is no JSON$/);
});
