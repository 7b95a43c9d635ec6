// JSON carries these unharmed ...
import { call, contract, duplex, event, stream, upload } from "myelin";
import { exactly } from "./exactly.ts";
import { connect } from "./world.ts";

interface Leaf {
  readonly size: number;
}
interface Tree {
  readonly children: readonly Tree[];
  readonly leaf?: Leaf | null;
}
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
declare enum Level {
  low,
  high,
}
declare const brand: unique symbol;
type Id = string & { readonly [brand]: true };

export const harmless = contract({
  nothing: event(),
  void: event<void>(),
  perhaps: event<string | undefined>(),
  text: event<string>(),
  choice: event<"a" | "b" | 3 | null | { readonly c: true }>(),
  interface: event<Leaf>(),
  recursive: event<Tree>(),
  anyJson: event<Json>(),
  list: event<readonly number[]>(),
  tuple: event<[number, string, ...boolean[]]>(),
  tuples: event<[x: number] | [x: number, unit: string]>(),
  record: event<Record<string, Leaf>>(),
  partial: event<Partial<Leaf>>(),
  missing: event<{ size: number | undefined }>(),
  enum: event<Level>(),
  id: event<{ id: Id }>(),
  bytes: event<Uint8Array>(),
  unknown: event<unknown>(),
  nested: event<{ data: unknown }>(),
  never: event<never>(),
});

// ... and these not. test/contract/json-types.test.ts reads what the compiler says.

// @ts-expect-error -- a Date
event<Date>();
// @ts-expect-error -- a Date, deep inside
event<{ log: { entries: { at: Date }[] } }>();
// @ts-expect-error -- a Date, perhaps
event<{ at?: Date }>();
// @ts-expect-error -- a Date or text
event<Date | string>();
// @ts-expect-error -- a Map
event<{ map: Map<string, number> }>();
// @ts-expect-error -- a Set
event<Set<string>>();
// @ts-expect-error -- a bigint
event<{ big: bigint }>();
// @ts-expect-error -- a function
event<{ then: () => void }>();
// @ts-expect-error -- a symbol
event<{ symbol: symbol }>();
// @ts-expect-error -- under a symbol
event<{ [brand]: string }>();
// @ts-expect-error -- undefined in an array
event<(number | undefined)[]>();
// @ts-expect-error -- an optional element, which may be undefined
event<[x: number, unit?: string]>();
// @ts-expect-error -- bytes inside of JSON
event<{ file: Uint8Array }>();
// @ts-expect-error -- arrives as another class
event<Buffer>();
// @ts-expect-error -- an object with methods
event<URL>();
// @ts-expect-error -- an error
event<{ error: Error }>();
// @ts-expect-error -- input
call<{ at: Date }, string>();
// @ts-expect-error -- output
call<string, { at: Date }>();
// @ts-expect-error -- items
stream<void, Date>();
// @ts-expect-error -- items
upload<Date, number>();
// @ts-expect-error -- items
duplex<string, Date>();
// @ts-expect-error -- JSON, said aloud
event<Date>({ codec: "json" });
// @ts-expect-error -- no such codec; one's own have a slash
event<Date>({ codec: "msgpack" });

// Other codecs carry more.
const rich = contract({
  at: event<{ at: Date; big: bigint }>({ codec: "tagged" }),
  map: call<Map<string, Set<number>>, Date>({ codec: "structured" }),
  own: stream<void, Date>({ codec: "acme/msgpack" }),
});
const client = await connect("local:rich", { contract: rich });
exactly<Promise<Date>>()(client.call("map", new Map([["a", new Set([1])]])));
client.send("at", { at: new Date(), big: 1n });
for await (const item of client.stream("own")) exactly<Date>()(item);
