/** What is wrong with data, on its way from the side that has checked it to the other. */
import { dataProperty } from "../../codec/error-data.ts";
import { plainIssues } from "../../contract/issues.ts";
import type { StandardIssue } from "../../contract/standard-schema.ts";
import type { ValidationIssue } from "../../errors.ts";
import { limits } from "../../limits.ts";

/** Of a list to be sent, or that has come, what is well-formed and not too large. Never throws. */
export function travellingIssues(value: unknown): readonly ValidationIssue[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const issues = plainIssues(value.flatMap(issueOf));
  let bytes = 0;
  const end = issues.findIndex((issue) => {
    bytes += Buffer.byteLength(JSON.stringify(issue)) + 1;
    return bytes > limits.maxErrorDataBytes;
  });
  return end === -1 ? issues : issues.slice(0, end);
}

function issueOf(value: unknown): StandardIssue[] {
  if (typeof value !== "object" || value === null) return [];
  const message = dataProperty(value, "message");
  const path = dataProperty(value, "path");
  if (typeof message !== "string") return [];
  return [{ message, path: Array.isArray(path) ? path.filter(isKey) : [] }];
}

function isKey(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}
