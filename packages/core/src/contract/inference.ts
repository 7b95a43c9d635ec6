/**
 * What a contract means for one end: the names that it may use, and the data of each. For the compiler
 * only. Without a contract a name is a string and data is `unknown`, by the same rules.
 */
import type { Contract, Side } from "./contract.ts";
import type { Entries, Entry, EntryKind, Passage } from "./entry.ts";

/** The end that sits across from `S`. */
export type OtherSide<S extends Side> = S extends "server" ? "client" : "server";

/** What side `S` handles. */
export type EntriesOf<C extends Contract, S extends Side> = NonNullable<C["~types"]>[S];

/** The names among `E`, by their kinds. */
// A table, because messages of the compiler spell out what is looked up in it, and name an alias.
export type NamesByKind<E extends Entries> = {
  [Kind in EntryKind]: {
    [Name in keyof E & string]: Kind extends E[Name]["kind"] ? Name : never;
  }[keyof E & string];
};

/** The names that side `S` handles, by their kinds. */
export type Handled<C extends Contract, S extends Side> = NamesByKind<EntriesOf<C, S>>;

/** The names that side `S` may use, because the other side handles them, by their kinds. */
export type Usable<C extends Contract, S extends Side> = Handled<C, OtherSide<S>>;

type TypesOf<E extends Entry> = NonNullable<E["~types"]>;
type InputOf<E extends Entry> = TypesOf<E>["input"] & Passage;
type OutputOf<E extends Entry> = TypesOf<E>["output"] & Passage;

/** What the caller or sender gives for `Name`, which side `S` handles: its data, or each item. */
export type SentInput<C extends Contract, S extends Side, Name extends string> = InputOf<
  EntriesOf<C, S>[Name]
>["sent"];

/** What the handler of `Name` at side `S` gets: the data, or each item. */
export type ReceivedInput<C extends Contract, S extends Side, Name extends string> = InputOf<
  EntriesOf<C, S>[Name]
>["received"];

/** What the handler of `Name` at side `S` gives: its answer, or each item. */
export type SentOutput<C extends Contract, S extends Side, Name extends string> = OutputOf<
  EntriesOf<C, S>[Name]
>["sent"];

/** What the caller of `Name`, which side `S` handles, gets: the answer, or each item. */
export type ReceivedOutput<C extends Contract, S extends Side, Name extends string> = OutputOf<
  EntriesOf<C, S>[Name]
>["received"];

/**
 * Data, or an item, of a name that may be used. Where there is no such name it is the name that is refused,
 * not the data: so the peer of any contract is a `Peer`.
 */
export type DataOf<Data> = [Data] extends [never] ? unknown : Data;

/** Data and options as the arguments of a method: data that may be nothing may be left out. */
export type DataArguments<Data, Options> =
  undefined extends DataOf<Data>
    ? [data?: DataOf<Data>, options?: Options]
    : [data: Data, options?: Options];
