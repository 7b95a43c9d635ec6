/** Why the library itself answers a call with an error: numbers on the wire that no handler can set. */
import { dataProperty } from "../../codec/error-data.ts";
import { isMyelinError, MyelinError, type MyelinErrorCode, type Ran } from "../../errors.ts";
import { clippedMessage } from "./fitted-error.ts";
import { clipErrorText } from "./remote-error.ts";
import { travellingIssues } from "./travelling-issues.ts";

export interface Refusal {
  readonly number: number;
  readonly code: MyelinErrorCode;
  /** The end of the sentence "the call of NAME ...". */
  readonly what: string;
}

type RefusalName =
  | "noHandler"
  | "draining"
  | "busy"
  | "expired"
  | "otherType"
  | "invalidData"
  | "notSerializable"
  | "tooLarge"
  | "noRoom";

export const refusals: Readonly<Record<RefusalName, Refusal>> = {
  noHandler: { number: 1, code: "ERR_NO_HANDLER", what: "has no handler at the peer" },
  draining: { number: 2, code: "ERR_DRAINING", what: "came while the peer was closing" },
  busy: { number: 3, code: "ERR_BUSY", what: "was one too many for the peer" },
  expired: { number: 4, code: "ERR_TIMEOUT", what: "took too long" },
  otherType: {
    number: 5,
    code: "ERR_NO_HANDLER",
    what: "is of another type than the peer's handler",
  },
  invalidData: { number: 6, code: "ERR_INVALID_DATA", what: "was refused by the peer's contract" },
  notSerializable: {
    number: 7,
    code: "ERR_NOT_SERIALIZABLE",
    what: "has an answer that cannot be sent",
  },
  tooLarge: { number: 8, code: "ERR_TOO_LARGE", what: "has an answer that is too large" },
  noRoom: {
    number: 9,
    code: "ERR_BUSY",
    what: "has an answer, or an item, for which the peer has no room beside others",
  },
};

const byNumber = new Map<number, Refusal>(
  Object.values(refusals).map((each) => [each.number, each]),
);
const ranByNumber: readonly Ran[] = ["no", "maybe", "yes"];

/** Whether the handler has run, as an answer says it. */
export function ranOf(number: number): Ran {
  return ranByNumber[number] ?? "maybe";
}

/**
 * What a refusal carries for the caller, as JSON: words, and what a schema found wrong. What does not
 * fit into so many bytes is left out: the issues first, then the end of the words.
 */
export function refusalData(reason: unknown, maxBytes: number): string | undefined {
  if (!isMyelinError(reason)) return undefined;
  const message = clipErrorText(reason.message);
  const issues = travellingIssues(reason.issues);
  const json = JSON.stringify(issues === undefined ? message : { message, issues });
  return Buffer.byteLength(json) <= maxBytes ? json : clippedMessage({ message }, maxBytes);
}

/** A mistake of the handler's: its contract says that it gives items. */
export function nothingToIterate(name: string): MyelinError {
  const message = `the handler of ${JSON.stringify(name)} gave nothing to iterate`;
  return new MyelinError("ERR_CONFIG", message);
}

/** What a caller is told; `data` has the peer's own words, if it had any. */
export function refusalError(
  number: number,
  ran: number,
  name: string,
  data: unknown,
): MyelinError {
  const { code, what } = byNumber.get(number) ?? { code: "ERR_REFUSED", what: "was refused" };
  const fields = typeof data === "object" && data !== null ? data : { message: data };
  const text = dataProperty(fields, "message");
  const isText = typeof text === "string";
  const issues =
    code === "ERR_INVALID_DATA" ? travellingIssues(dataProperty(fields, "issues")) : undefined;
  const message = `the call of ${JSON.stringify(name)} ${what}`;
  return new MyelinError(code, isText ? `${message}: ${text}` : message, {
    ran: ranOf(ran),
    ...(issues === undefined ? {} : { issues }),
  });
}
