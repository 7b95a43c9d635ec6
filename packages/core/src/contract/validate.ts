/**
 * Checks data by a schema, and says what is wrong in words that name the place:
 * `input.size.width: expected number`.
 */
import { isMyelinError, MyelinError, type ValidationIssue } from "../errors.ts";
import type {
  SchemaOutput,
  StandardIssue,
  StandardResult,
  StandardSchema,
} from "./standard-schema.ts";

/** A message names so many issues; the error's `issues` has the others. */
const issuesInMessage = 3;
/** A million wrong items of one array would make an error larger than the message they came in. */
const maxIssues = 32;
/** Paths hold keys that the sender chose, and may be as long as its message. */
const maxKeyLength = 64;
const maxPathLength = 32;
/** Some libraries quote the value in their text. */
const maxTextLength = 512;

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
    if (result.issues === undefined) return result.value;
    const given = Array.from(result.issues);
    const issues = given.slice(0, maxIssues).map(plainIssue);
    const message = describe(issues, given.length, what);
    throw new MyelinError("ERR_INVALID_DATA", message, { issues });
  } catch (cause) {
    if (isMyelinError(cause)) throw cause;
    const message = `${what}: what the schema gave is no result of a Standard Schema`;
    throw new MyelinError("ERR_INVALID_DATA", message, { cause, issues: [{ message, path: [] }] });
  }
}

function run(schema: StandardSchema, value: unknown, what: string): StandardResult<unknown> {
  let result: StandardResult<unknown> | Promise<StandardResult<unknown>>;
  try {
    result = schema["~standard"].validate(value);
  } catch (cause) {
    if (isMyelinError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : "it threw";
    const message = clip(reason, maxTextLength);
    throw new MyelinError("ERR_INVALID_DATA", `${what}: the schema failed: ${message}`, {
      cause,
      issues: [{ message, path: [] }],
    });
  }
  if (!(result instanceof Promise)) return result;
  // Nobody waits for it: a rejection must not become one that nobody handles.
  result.then(undefined, () => {});
  throw new MyelinError(
    "ERR_CONFIG",
    `${what}: the schema (${schema["~standard"].vendor}) is asynchronous, and data is checked in the ` +
      "order in which it arrives; use a synchronous schema and do the rest in the handler",
  );
}

// Array.from, here and above: some libraries' lists are arrays of their own class, which slice() and
// map() would make more of.
function plainIssue({ message, path = [] }: StandardIssue): ValidationIssue {
  return {
    message: clip(message, maxTextLength),
    path: Array.from(path).slice(0, maxPathLength).map(plainKey),
  };
}

function plainKey(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === "object" ? segment.key : segment;
  return typeof key === "number" ? key : clip(String(key), maxKeyLength);
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

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
