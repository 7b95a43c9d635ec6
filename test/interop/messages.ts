// What the parties say to each other, and what must arrive of it.
import type { Implementation } from "../support/implementations.ts";

/** The arguments of an `emit`: without data, with undefined, or with a value. */
export type Message = readonly [type: string, data?: unknown];

/** 9 to 12 send an empty object for what they take for "nothing"; 14 and ours send what JSON makes of it. */
function rewritesPayloads(sender: Implementation): boolean {
  return sender !== "ours" && sender !== "node-ipc@14.0.0";
}

/** Whether a server gives a socket the `id` that the data of a message has: 14 does not unless it is told to. */
export function takesIds(server: Implementation): boolean {
  return server !== "node-ipc@14.0.0";
}

/** What any receiver hears: it is the sender's version alone that decides. */
export function asHeard(sender: Implementation, messages: readonly Message[]): unknown[][] {
  return messages.map(([type, data]) => [
    type,
    rewritesPayloads(sender) && isRewritten(data) ? {} : throughJson(data),
  ]);
}

function isRewritten(data: unknown): boolean {
  if (!data) return data !== false && data !== 0;
  return typeof data === "object" && "_maxListeners" in data;
}

function throughJson(data: unknown): unknown {
  return data === undefined ? {} : JSON.parse(JSON.stringify(data));
}

export const falsy: readonly Message[] = [
  ["false", false],
  ["zero", 0],
  ["minus zero", -0],
  ["empty text", ""],
  ["null", null],
  ["undefined", undefined],
  ["no data"],
  ["not a number", Number.NaN],
  ["infinite", Number.POSITIVE_INFINITY],
  // Not falsy, but "nothing" to 9 to 12, which take it for an emitter.
  ["like an emitter", { _maxListeners: 1 }],
];

export const unicode: readonly Message[] = [
  ["one to four bytes", "a é € 😀"],
  ["größe ☃ 😀", { "schlüssel 🔑": ["é", "€", "😀"] }],
  ["lone surrogates", "\ud83d and \ude00, alone"],
  ["the delimiter itself", "form\ffeed\f"],
  ["separators", "\u2028 \u2029 \u0085 \u0000 \u007f \ufeff"],
  ["escapes", '\\f \\u000c " \b\n\r\t \\'],
];

export const nested: readonly Message[] = [
  ["list", [[], [[]], {}, [{ a: [1, "2", null, true] }], -1.5e-7, 9007199254740991]],
  ["deep", deep(200)],
  ["frames", { type: "inner", data: { type: "innermost", data: '{"type":"text"}' } }],
  ["names", { constructor: 1, toString: 2, hasOwnProperty: 3, "": 4, length: 5 }],
];

function deep(levels: number): unknown {
  return levels === 0 ? "bottom" : { level: levels, below: deep(levels - 1) };
}

/** Every name above, and those that single steps use. */
export const eventNames: readonly string[] = [
  ...[...falsy, ...unicode, ...nested].map(([type]) => type),
  ...["count", "long", "hello"],
];

/** Small messages whose order and number can be seen. */
export function numbered(count: number, from = 0): Message[] {
  return Array.from({ length: count }, (_, index) => [
    "count",
    { n: from + index, text: `message ${from + index}` },
  ]);
}
