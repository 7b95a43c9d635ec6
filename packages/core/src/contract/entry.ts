/**
 * The entries of a contract: one function for each kind of exchange. Each is named after what travels
 * and is given its types, or schemas, or both.
 */
import { MyelinError } from "../errors.ts";
import { shown } from "../options.ts";
import type { Json } from "./json.ts";
import {
  isStandardSchema,
  type SchemaInput,
  type SchemaOutput,
  type StandardSchema,
} from "./standard-schema.ts";

/** What travels: a message one way, or a question and its answer, each single or many. */
export type EntryKind = "event" | "call" | "stream" | "upload" | "duplex";

/**
 * Codecs for what JSON cannot say. `tagged` knows Map, Set, Date, BigInt and bytes anywhere in the
 * data; `structured` knows what `structuredClone` knows, for trusted peers on the same engine; others
 * are registered with both endpoints, under a name with a slash: `acme/msgpack`.
 */
export type RichCodecName = "tagged" | "structured" | RegisteredCodecName;
export type RegisteredCodecName = `${string}/${string}`;
export type CodecName = "json" | RichCodecName;

/** Data on its way: as the sender gives it, and as the receiver gets it, after a schema's transform. */
export interface Passage<Sent = unknown, Received = unknown> {
  readonly sent: Sent;
  readonly received: Received;
}

/** One name of a contract: what kind of exchange it is, and how its data is checked and written. */
export interface Entry<
  Kind extends EntryKind = EntryKind,
  Input extends Passage = Passage,
  Output extends Passage = Passage,
> {
  readonly kind: Kind;
  /** Checks what the handler gets: the data, or each item that the caller sends. */
  readonly input: StandardSchema | undefined;
  /** Checks what the caller gets: the answer, or each item that the handler yields. */
  readonly output: StandardSchema | undefined;
  readonly codec: CodecName;
  /** False: the caller takes what comes, as it came. */
  readonly validateOutput: boolean;
  /** For the compiler only. */
  readonly "~types"?: { readonly input: Input; readonly output: Output };
}

/** Entries by their names. */
export type Entries = Readonly<Record<string, Entry>>;

/** How the data of an event is checked and written. */
export interface EventOptions<
  Input extends StandardSchema = StandardSchema,
  Codec extends CodecName = CodecName,
> {
  /** Checks the data at the receiver, and may transform it. */
  input?: Input;
  /** How the data is written. @defaultValue "json" */
  codec?: Codec;
}

/** How input and output are checked and written. */
export interface AnswerOptions<
  Input extends StandardSchema = StandardSchema,
  Output extends StandardSchema = StandardSchema,
  Codec extends CodecName = CodecName,
  Validate extends boolean = boolean,
> extends EventOptions<Input, Codec> {
  /** Checks the answer, or each of its items, at the caller, and may transform it. */
  output?: Output;
  /** False: the caller trusts the handler, skips `output` and takes the data as it came. @defaultValue true */
  validateOutput?: Validate;
}

// Without a type or a schema there is no data: an entry says what it takes and what it gives.
type NoSchema = StandardSchema<void>;
type Nothing = Passage<void, void>;

// The type itself, but never guessed from where the entry stands: for a type that was left out, the
// compiler would otherwise take what a contract accepts, which is `unknown`.
type Given<Data> = [Data][Data extends unknown ? 0 : never];

/** The signatures of {@link event}. */
export interface EventFactory {
  /** Types from the schema. */
  <Input extends StandardSchema>(
    options: EventOptions<Input> & { input: Input },
  ): Entry<"event", Passage<SchemaInput<Input>, SchemaOutput<Input>>, Nothing>;
  /** Types as given; they must be such that JSON carries them unharmed. */
  <Data extends Json<Data> = void>(
    options?: EventOptions<StandardSchema<Data>, "json">,
  ): Entry<"event", Passage<Given<Data>, Given<Data>>, Nothing>;
  /** Types as given, for a codec that says more than JSON. */
  <Data = void>(
    options: EventOptions<StandardSchema<Data>> & { codec: RichCodecName },
  ): Entry<"event", Passage<Given<Data>, Given<Data>>, Nothing>;
}

/** The signatures of {@link call}, {@link stream}, {@link upload} and {@link duplex}. */
export interface AnswerFactory<Kind extends EntryKind> {
  /** Types from the schemas. */
  <
    Input extends StandardSchema = NoSchema,
    Output extends StandardSchema = NoSchema,
    const Validate extends boolean = true,
  >(
    options: AnswerOptions<Input, Output, CodecName, Validate>,
  ): Entry<
    Kind,
    Passage<SchemaInput<Input>, SchemaOutput<Input>>,
    Passage<
      SchemaInput<Output>,
      Validate extends false ? SchemaInput<Output> : SchemaOutput<Output>
    >
  >;
  /** Types as given; they must be such that JSON carries them unharmed. */
  <In extends Json<In> = void, Out extends Json<Out> = void>(
    options?: AnswerOptions<StandardSchema<In>, StandardSchema<Out>, "json">,
  ): Entry<Kind, Passage<Given<In>, Given<In>>, Passage<Given<Out>, Given<Out>>>;
  /** Types as given, for a codec that says more than JSON. */
  <In = void, Out = void>(
    options: AnswerOptions<StandardSchema<In>, StandardSchema<Out>> & { codec: RichCodecName },
  ): Entry<Kind, Passage<Given<In>, Given<In>>, Passage<Given<Out>, Given<Out>>>;
}

/**
 * A message that has no answer: `event<Progress>()`, or with a schema `event({ input: schema })`.
 * `event()` carries no data.
 * @throws {MyelinError} `ERR_CONFIG`, as the others do, when an option is wrong.
 */
export const event: EventFactory = (options?: EventOptions) => entry("event", options);

/**
 * A question with one answer: `call<Input, Output>()`, or with schemas
 * `call({ input: schema, output: schema })`. A type or a schema that is left out means that no data
 * travels that way.
 */
export const call: AnswerFactory<"call"> = (options?: AnswerOptions) => entry("call", options);

/** One in, many out: `stream<Input, Item>()`. `output` is the schema of each item. */
export const stream: AnswerFactory<"stream"> = (options?: AnswerOptions) =>
  entry("stream", options);

/** Many in, one out: `upload<Item, Output>()`. `input` is the schema of each item. */
export const upload: AnswerFactory<"upload"> = (options?: AnswerOptions) =>
  entry("upload", options);

/** Many both ways: `duplex<ItemIn, ItemOut>()`. The schemas are those of each item. */
export const duplex: AnswerFactory<"duplex"> = (options?: AnswerOptions) =>
  entry("duplex", options);

// Symbol.for: a contract may be shared by programs that each bundle a copy of the library.
const brand = Symbol.for("myelin.entry");

/** Whether a value was made by `event()`, `call()` and the others, of any copy of the library. */
export function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && brand in value;
}

const optionsOfEvents: readonly string[] = ["input", "codec"];
const optionsOfAnswers: readonly string[] = [...optionsOfEvents, "output", "validateOutput"];

// `never`, because what the data is like is nothing that a value at run time knows.
/** @throws {MyelinError} `ERR_CONFIG` */
function entry<Kind extends EntryKind>(
  kind: Kind,
  options: AnswerOptions = {},
): Entry<Kind, never, never> {
  if (typeof options !== "object" || options === null || isStandardSchema(options)) {
    throw wrong(kind, "the options must be an object, such as { input: schema }");
  }
  const known = kind === "event" ? optionsOfEvents : optionsOfAnswers;
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw wrong(kind, `there is no option "${key}"; there is ${known.join(", ")}`);
  }
  const { input, output, codec = "json", validateOutput = true } = options;
  checkSchema(kind, "input", input);
  checkSchema(kind, "output", output);
  if (typeof codec !== "string" || !codecName.test(codec)) {
    const names = "json, tagged, structured, or one that is registered, such as acme/msgpack";
    throw wrong(kind, `codec must be ${names}, not ${shown(codec)}`);
  }
  if (typeof validateOutput !== "boolean") throw wrong(kind, "validateOutput must be a boolean");
  return Object.freeze({ kind, input, output, codec, validateOutput, [brand]: true });
}

const codecName = /^(json|tagged|structured|[a-z0-9.-]+\/[a-z0-9./-]+)$/;

function checkSchema(kind: EntryKind, key: string, schema: unknown): void {
  if (schema === undefined || isStandardSchema(schema)) return;
  const known = "Standard Schema, version 1, as zod, valibot and arktype do";
  throw wrong(kind, `${key} must be a schema that follows ${known}`);
}

function wrong(kind: EntryKind, what: string): MyelinError {
  return new MyelinError("ERR_CONFIG", `${kind}(): ${what}`);
}
