/**
 * Which types JSON carries unharmed, so that a contract cannot promise a Date and deliver text.
 * For the compiler only; it names the place that is wrong and says what would arrive.
 */

/** Stands in an error of the compiler where a type cannot travel; `Reason` is for the reader. */
export interface NotJson<Reason extends string> {
  readonly "not JSON": Reason;
}

/** What JSON has without nesting. */
export type JsonPrimitive = string | number | boolean | null;

/**
 * What `T` would have to be to travel as JSON, for use as a constraint: `T extends Json<T>`. Data may
 * also be nothing (`void`, `undefined`), or a `Uint8Array` itself, which travels as bytes.
 * `unknown` and `any` are let through.
 */
// `infer` gives the check a parameter of its own: asked of T itself it would be circular.
export type Json<T> = [T] extends [infer Data] ? JsonMessage<Data> : never;

type JsonMessage<T> = T extends undefined | void
  ? undefined | void
  : T extends Uint8Array
    ? "readUInt8" extends keyof T
      ? NotJson<"a Buffer arrives as a Uint8Array: write Uint8Array">
      : Uint8Array
    : JsonValue<T>;

type JsonValue<T> = unknown extends T
  ? unknown
  : T extends JsonPrimitive
    ? JsonPrimitive
    : T extends bigint
      ? NotJson<"JSON has no bigint: use codec 'tagged', or text">
      : T extends symbol
        ? NotJson<"a symbol has a meaning in its own process only">
        : T extends object
          ? JsonObject<T>
          : NotJson<"it would not arrive">;

type JsonObject<T extends object> = T extends (...args: never) => unknown
  ? NotJson<"a function, or an object with methods, cannot travel">
  : T extends Date
    ? NotJson<"a Date arrives as text: use codec 'tagged', a schema that makes Dates of text, or a number">
    : T extends ArrayBufferLike | ArrayBufferView
      ? NotJson<"bytes inside of JSON arrive as an object of numbers: use codec 'tagged', or the option `bytes`">
      : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
        ? NotJson<"a Map or Set arrives as {}: use codec 'tagged', or an array">
        : T extends Error
          ? NotJson<"an Error arrives as {}: throw it, or send what it says">
          : T extends { toJSON: unknown }
            ? NotJson<"what its toJSON returns arrives: declare that">
            : T extends readonly unknown[]
              ? readonly JsonElement<T[number]>[]
              : {
                  [Key in keyof T]: Key extends symbol
                    ? NotJson<"JSON leaves out what is under a symbol">
                    : JsonValue<Exclude<T[Key], undefined>> | Extract<T[Key], undefined>;
                };

// Without `exactOptionalPropertyTypes` an optional element of a tuple may be undefined, and no type tells
// the two from each other.
type JsonElement<T> = T extends undefined
  ? NotJson<"undefined in an array arrives as null: use null, and for an optional element a union of tuples">
  : JsonValue<T>;
