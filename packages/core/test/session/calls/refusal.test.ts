// What a refusal says: of its payload only what is well-formed is taken, whoever wrote it.
import { MyelinError } from "myelin";
import { describe, expect, test } from "vitest";
import { refusalData, refusalError, refusals } from "../../../src/session/calls/refusal.ts";

const { invalidData, notSerializable } = refusals;
const received = (data: unknown, { number } = invalidData) => refusalError(number, 0, "name", data);

test("words and issues come back as they were sent", () => {
  const issues = [{ message: "too small", path: ["list", 2, "n"] }];
  const sent = refusalData(
    new MyelinError("ERR_INVALID_DATA", "input: too small", { issues }),
    800,
  );
  expect(received(JSON.parse(sent ?? ""))).toMatchObject({
    code: "ERR_INVALID_DATA",
    message: `the call of "name" was refused by the peer's contract: input: too small`,
    ran: "no",
    issues,
  });
});

test("an error without issues is a text, and what is none of ours is nothing", () => {
  expect(refusalData(new MyelinError("ERR_CONFIG", "why"), 800)).toBe(`"why"`);
  expect(refusalData(new Error("a secret"), 800)).toBe(undefined);
});

test("a text is words without issues, as older peers send it", () => {
  const error = received("why");
  expect(error.message).toMatch(/: why$/);
  expect(error.issues).toBe(undefined);
});

test("other refusals have no issues", () => {
  const issues = [{ message: "x", path: [] }];
  expect(received({ message: "why", issues }, notSerializable).issues).toBe(undefined);
});

describe("issues that are none are left out", () => {
  test.each<[unknown, unknown]>([
    [undefined, undefined],
    ["x", undefined],
    [{ length: 1, 0: { message: "x", path: [] } }, undefined],
    [[null, 1, "x", {}, { message: 5, path: [] }], []],
    [[{ message: "x" }], [{ message: "x", path: [] }]],
    [[{ message: "x", path: "n" }], [{ message: "x", path: [] }]],
    [[{ message: "x", path: ["a", null, {}, 1] }], [{ message: "x", path: ["a", 1] }]],
    [[{ message: "x", path: [], more: 1 }], [{ message: "x", path: [] }]],
  ])("%j", (given, issues) => {
    expect(received({ message: 5, issues: given }).issues).toEqual(issues);
  });

  test("and too many or too long ones are cut", () => {
    const long = "x".repeat(10_000);
    const issue = { message: long, path: Array.from({ length: 100 }, () => long) };
    const { issues = [] } = received({ issues: Array.from({ length: 1_000 }, () => issue) });
    expect(issues.length).toBeGreaterThan(0);
    expect(JSON.stringify(issues).length).toBeLessThanOrEqual(64 * 1024);
  });
});
