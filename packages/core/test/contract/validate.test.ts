// oxlint-disable unicorn/no-thenable -- odd results are what is given here
import vm from "node:vm";
import { MyelinError, type StandardIssue, type StandardSchema } from "myelin";
import { describe, expect, test } from "vitest";
import { validate } from "../../src/contract/validate.ts";

function schemaOf(run: (value: unknown) => unknown): StandardSchema<unknown, unknown> {
  return { "~standard": { version: 1, vendor: "test", validate: run as never } };
}

const finding = (...issues: StandardIssue[]) => schemaOf(() => ({ issues }));

function errorOf(schema: StandardSchema, what?: string): MyelinError {
  try {
    validate(schema, {}, what);
  } catch (error) {
    if (error instanceof MyelinError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("gives what the schema makes of the value", () => {
  const schema = schemaOf((value) => ({ value: `${String(value)}!` }));
  expect(validate(schema, "hello")).toBe("hello!");
  expect(
    validate(
      schemaOf(() => ({ value: undefined })),
      1,
    ),
  ).toBeUndefined();
});

describe("what the schema refuses", () => {
  test("is an error that names the place", () => {
    const error = errorOf(finding({ message: "expected number", path: ["size", "width"] }));
    expect(error).toMatchObject({
      code: "ERR_INVALID_DATA",
      message: "input.size.width: expected number",
      issues: [{ message: "expected number", path: ["size", "width"] }],
    });
  });

  test.each<[string, StandardIssue["path"]]>([
    ["output: no", undefined],
    ["output: no", []],
    ["output[2].at: no", [2, "at"]],
    ['output["odd key"][""]: no', ["odd key", ""]],
    ["output.list[0]: no", [{ key: "list" }, { key: 0 }]],
    ['output["Symbol(x)"]: no', [Symbol("x")]],
    ["output.__proto__.x: no", ["__proto__", "x"]],
  ])("%s", (message, path) => {
    expect(errorOf(finding({ message: "no", path }), "output").message).toBe(message);
  });

  test("is told with the first of several, and their number", () => {
    const issues = ["a", "b", "c", "d", "e"].map((key) => ({ message: "no", path: [key] }));
    const error = errorOf(finding(...issues));
    expect(error.message).toBe("input.a: no; input.b: no; input.c: no; and 2 more");
    expect(error.issues).toEqual(issues);
  });

  test("stays small, whatever the sender made it say", () => {
    const long = "x".repeat(1_000_000);
    const path = Array.from({ length: 1_000 }, () => long);
    const error = errorOf(
      finding(...Array.from({ length: 1_000 }, () => ({ message: long, path }))),
    );
    expect(JSON.stringify([error.message, error.issues]).length).toBeLessThan(200_000);
    expect(error.message).toMatch(/and 997 more$/);
  });

  test("is plain data, also where the library has arrays of its own kind", () => {
    class Path extends Array<string> {}
    const error = errorOf(finding({ message: "no", path: Path.of("a", "b") }));
    expect(error.message).toBe("input.a.b: no");
    expect(error.issues?.[0]?.path.constructor).toBe(Array);
  });

  test("is an error also when the schema does not say why", () => {
    expect(errorOf(finding())).toMatchObject({
      code: "ERR_INVALID_DATA",
      message: "input: refused by the schema",
      issues: [],
    });
  });
});

describe("a schema", () => {
  test("that throws has refused the data", () => {
    const cause = new TypeError("cannot read x");
    const throwing = schemaOf(() => {
      throw cause;
    });
    expect(errorOf(throwing)).toMatchObject({
      code: "ERR_INVALID_DATA",
      message: "input: the schema failed: cannot read x",
      cause,
    });
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a number", 5],
    ["a text", "fine"],
    ["true", true],
    ["neither a value nor issues", {}],
    ["issues that are no list", { issues: 5 }],
    ["issues that are none", { issues: [null] }],
    ["a path that is none", { issues: [{ message: "m", path: 5 }] }],
    ["a message that is none", { issues: [{ message: 5 }] }],
  ])("that gives no result has refused the data: %s", (_, result) => {
    const error = errorOf(schemaOf(() => result));
    expect(error).toMatchObject({ code: "ERR_INVALID_DATA" });
    expect(error.message).toMatch(/^input/);
  });

  test("that says that the value is undefined is believed", () => {
    expect(
      validate(
        schemaOf(() => ({ value: undefined, issues: undefined })),
        1,
      ),
    ).toBeUndefined();
  });

  test.each<[string, () => unknown]>([
    ["a promise of another realm", () => vm.runInNewContext("Promise.resolve({ value: 1 })")],
    ["a thenable", () => ({ then: () => rethrow(new Error("then")) })],
    ["a thenable with a value", () => ({ value: 1, then: () => {} })],
  ])("that gives %s is asynchronous, too", (_, give) => {
    expect(errorOf(schemaOf(give))).toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining("(test) is asynchronous"),
    });
  });

  test("that is asynchronous is a mistake, and its promise is not left alone", async () => {
    const rejection = Promise.reject(new Error("later"));
    const error = errorOf(schemaOf(() => rejection));
    expect(error.code).toBe("ERR_CONFIG");
    expect(error.message).toContain("(test) is asynchronous");
    await expect(rejection).rejects.toThrow("later");
  });
});

function rethrow(reason: unknown): never {
  throw reason;
}
