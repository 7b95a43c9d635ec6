/**
 * Tells an event that its schema refused from a listener that failed: what a listener throws may be
 * the refusal of something else, such as the answer to a call of its own.
 */
import type { Entry } from "../contract/entry.ts";
import { validate } from "../contract/validate.ts";
import { isMyelinError, type MyelinError } from "../errors.ts";

const refusals = new WeakSet<object>();

/** A function that checks the data of events by their schema, if there is one. */
export function checkOfEvents(schema: Entry["input"]): ((data: unknown) => unknown) | undefined {
  if (schema === undefined) return undefined;
  return (data) => {
    try {
      return validate(schema, data, "data");
    } catch (reason) {
      if (isMyelinError(reason)) refusals.add(reason);
      throw reason;
    }
  };
}

/** Whether it was thrown by such a function, because the data or the schema is not as it should be. */
export function isEventRefusal(reason: unknown): reason is MyelinError {
  return isMyelinError(reason) && refusals.has(reason);
}
