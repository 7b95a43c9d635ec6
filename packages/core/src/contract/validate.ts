/**
 * Checks data by a schema, and says what is wrong in words that name the place:
 * `input.size.width: expected number`.
 */
import { isMyelinError, MyelinError, type ValidationIssue } from "../errors.ts";
import { promiseOf } from "../promise-of.ts";
import { clipIssueText, plainIssues } from "./issues.ts";
import type { SchemaOutput, StandardResult, StandardSchema } from "./standard-schema.ts";

/** A message names so many issues; the error's `issues` has the others. */
const issuesInMessage = 3;

/**
 * Gives what the schema makes of the value.
 *
 * Schemas must be synchronous: messages are dispatched in the order in which they were sent, and one
 * that waited would hold up, or be overtaken by, all behind it. Whether a schema is asynchronous shows
 * only when it runs.
 * @param what the word for the value, as messages begin with it: `input`, `output`, `item`
 * @throws {MyelinError} `ERR_INVALID_DATA`, with `issues`, when the value is not what the schema
 * wants, or the schema throws (then that is the `cause`); `ERR_CONFIG` when the schema is asynchronous.
 */
export function validate<Schema extends StandardSchema>(
  schema: Schema,
  value: unknown,
  what = "input",
): SchemaOutput<Schema> {
  const result = run(schema, value, what);
  try {
    // A number has no issues either.
    if (typeof result !== "object" || result === null) throw new TypeError("it is no object");
    // Promises of other realms and libraries are none by `instanceof`.
    const promise = promiseOf(result);
    if (promise !== undefined) throw asynchronous(schema, what, promise);
    if (result.issues === undefined) {
      // The value may be undefined: then it says so.
      if (!("value" in result)) throw new TypeError("it has neither a value nor issues");
      return result.value;
    }
    const given = Array.from(result.issues);
    const issues = plainIssues(given);
    const message = describe(issues, given.length, what);
    throw new MyelinError("ERR_INVALID_DATA", message, { issues });
  } catch (cause) {
    if (isMyelinError(cause)) throw cause;
    const message = `${what}: what the schema gave is no result of a Standard Schema`;
    throw new MyelinError("ERR_INVALID_DATA", message, { cause, issues: [{ message, path: [] }] });
  }
}

function run(schema: StandardSchema, value: unknown, what: string): StandardResult<unknown> {
  try {
    // What it gives is looked at where the schema is still to blame for it.
    return schema["~standard"].validate(value) as StandardResult<unknown>;
  } catch (cause) {
    if (isMyelinError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : "it threw";
    const message = clipIssueText(reason);
    throw new MyelinError("ERR_INVALID_DATA", `${what}: the schema failed: ${message}`, {
      cause,
      issues: [{ message, path: [] }],
    });
  }
}

function asynchronous(
  schema: StandardSchema,
  what: string,
  promise: Promise<unknown>,
): MyelinError {
  // Nobody waits for it: a rejection must not become one that nobody handles.
  promise.then(undefined, () => {});
  // Some call themselves again as if they were when what they call throws: then it is this.
  const message =
    `the schema (${schema["~standard"].vendor}) is asynchronous, or what it calls threw; data is checked ` +
    "in the order in which it arrives: use a synchronous schema and do the rest in the handler";
  return new MyelinError("ERR_CONFIG", `${what}: ${message}`, { issues: [{ message, path: [] }] });
}

function describe(issues: readonly ValidationIssue[], count: number, what: string): string {
  if (count === 0) return `${what}: refused by the schema`;
  const told = issues
    .slice(0, issuesInMessage)
    .map(({ message, path }) => `${placeOf(path, what)}: ${message}`);
  const more = count > issuesInMessage ? [`and ${count - issuesInMessage} more`] : [];
  return [...told, ...more].join("; ");
}

/** `input.list[2]["odd key"]`, as a program would write it. */
function placeOf(path: ValidationIssue["path"], what: string): string {
  const steps = path.map((key) => {
    if (typeof key === "number") return `[${key}]`;
    return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  });
  return what + steps.join("");
}
