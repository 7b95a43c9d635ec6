/** What is wrong with data, made plain and small. */
import type { ValidationIssue } from "../errors.ts";
import type { StandardIssue } from "./standard-schema.ts";

/** A million wrong items of one array would make an error larger than the message they came in. */
const maxIssues = 32;
/** Paths hold keys that the sender chose, and may be as long as its message. */
const maxKeyLength = 64;
const maxPathLength = 32;
/** Some libraries quote the value in their text. */
const maxTextLength = 512;

// Array.from, here and below: some libraries' lists are arrays of their own class, which slice() and
// map() would make more of.
/** The issues of a schema, or of a peer that has checked. */
export function plainIssues(issues: readonly StandardIssue[]): readonly ValidationIssue[] {
  return Array.from(issues).slice(0, maxIssues).map(plainIssue);
}

function plainIssue({ message, path = [] }: StandardIssue): ValidationIssue {
  return {
    message: clipIssueText(message),
    path: Array.from(path).slice(0, maxPathLength).map(plainKey),
  };
}

function plainKey(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === "object" ? segment.key : segment;
  return typeof key === "number" ? key : clip(String(key), maxKeyLength);
}

/** The beginning of a schema's text. */
export function clipIssueText(text: string): string {
  return clip(text, maxTextLength);
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
