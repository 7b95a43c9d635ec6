/** Items of streams on their way out. */

import { promiseOf } from "../../promise-of.ts";
import type { DataCodecs, DataOptions } from "../messages/data-codecs.ts";
import { EntryWriter } from "../messages/entry-writer.ts";
import type { Message } from "../sending/message-frames.ts";
import { payload } from "../wire.ts";

/** What can be streamed. */
export type ItemSource = AsyncIterable<unknown> | Iterable<unknown>;

/** JSON text, to be collected with others, or a message of its own. */
export type EncodedItem = string | Message;

/** Text has an iterator too, but nobody means to send its characters one by one. */
export function isItemSource(value: unknown): value is ItemSource {
  if (typeof value !== "object" || value === null) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/** What a generator gives; no array and no other data that happens to be iterable. */
export function isIterator(value: unknown): value is Iterator<unknown> | AsyncIterator<unknown> {
  if (!isItemSource(value)) return false;
  return typeof (value as { next?: unknown }).next === "function";
}

/**
 * Lets a source clean up; what it throws now concerns nobody.
 * @returns what settles when it is done, undefined when it is already. A generator that waits for
 * something is done when that is over, if ever.
 */
export function endIterator(
  iterator: Iterator<unknown> | AsyncIterator<unknown>,
): Promise<void> | undefined {
  try {
    // Even reading it runs what the source's owner has written.
    const ending: unknown = iterator.return?.();
    return promiseOf(ending)?.then(ignore, ignore);
  } catch {
    return undefined;
  }
}

/** The step of an iterator that gave a promise as an item: with what that gives. */
export function promisedStep(step: unknown): Promise<IteratorResult<unknown>> | undefined {
  try {
    const { done, value } = step as IteratorResult<unknown>;
    if (done === true) return undefined;
    return promiseOf(value)?.then((item) => ({ done: false, value: item }));
  } catch {
    // Whoever takes the step finds out.
    return undefined;
  }
}

function ignore(): void {}

/** @throws {MyelinError} as `DataCodecs.encode` */
export function encodeItem(
  codecs: DataCodecs,
  id: number,
  value: unknown,
  codec: string | undefined,
  options?: DataOptions,
): EncodedItem {
  // JSON has no undefined: as an item it is null.
  const encoded = codecs.encode(value, codec, options) ?? "null";
  if (typeof encoded === "string") return encoded;
  const entry = new EntryWriter();
  entry.item(id, payload.coded);
  return { entry, kind: "other", ...encoded };
}
