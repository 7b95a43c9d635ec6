/**
 * What zod, valibot, arktype and others have in common: version 1 of Standard Schema
 * (https://standardschema.dev). A contract knows schemas by this interface only, so the library
 * depends on none of them.
 */

/**
 * A schema of any library that follows the standard. It may transform: `Input` is what it accepts,
 * which is what the sender gives; `Output` is what it makes of that, which is what the receiver gets.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    /** The library that made the schema. */
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    /** For the compiler only. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value: the value, transformed perhaps, or what is wrong with it. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** One thing that is wrong, and where. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type TypesOf<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>;

/** What a schema accepts. */
export type SchemaInput<Schema extends StandardSchema> = TypesOf<Schema>["input"];

/** What a schema makes of what it accepts. */
export type SchemaOutput<Schema extends StandardSchema> = TypesOf<Schema>["output"];

/** Whether a value follows version 1 of the standard. Some libraries' schemas are functions. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false;
  const { "~standard": standard } = value as { "~standard"?: Partial<StandardSchema["~standard"]> };
  return (
    typeof standard === "object" &&
    standard !== null &&
    standard.version === 1 &&
    typeof standard.validate === "function"
  );
}
