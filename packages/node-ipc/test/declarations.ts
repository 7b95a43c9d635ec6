// What index.d.ts declares, as the compiler reads it: the tests compare it with what is there.
import { fileURLToPath } from "node:url";
import ts from "typescript-5.9";

const file = fileURLToPath(new URL("../index.d.ts", import.meta.url));
const program = ts.createProgram([file], {
  strict: true,
  target: ts.ScriptTarget.ES2020,
  lib: ["lib.es2020.d.ts"],
});
const checker = program.getTypeChecker();

const source = program.getSourceFile(file);
const moduleSymbol = source && checker.getSymbolAtLocation(source);
const exported = moduleSymbol?.exports?.get(ts.InternalSymbolName.ExportEquals);
if (!source || !exported) throw new Error("index.d.ts has no `export =`");
const namespace = checker.getAliasedSymbol(exported);

export type Kind = "function" | "class" | "boolean" | "number" | "string" | "other";

export interface Member {
  readonly kind: Kind;
  readonly isOptional: boolean;
  /** The text of its docstring; of an overloaded method, of all its signatures. */
  readonly documentation: string;
}

/** The text of index.d.ts. */
export const text: string = source.text;

/** The types in the namespace, by name. */
export const declared: ReadonlyMap<string, ts.Symbol> = new Map(
  checker.getExportsOfModule(namespace).map((symbol) => [symbol.name, symbol]),
);

/** The members that one of the interfaces declares or inherits from another one in this file. */
export function membersOf(name: string): ReadonlyMap<string, Member> {
  const symbol = declared.get(name);
  if (!symbol) throw new Error(`index.d.ts declares no ${name}`);
  const own = checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
    .filter((member) => member.declarations?.some((each) => each.getSourceFile() === source));
  return new Map(own.map((member) => [member.name, describeMember(member)]));
}

export function documentationOf(symbol: ts.Symbol): string {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)) + tagsOf(symbol);
}

function describeMember(symbol: ts.Symbol): Member {
  return {
    kind: kindOf(checker.getTypeOfSymbol(symbol)),
    isOptional: (symbol.flags & ts.SymbolFlags.Optional) !== 0,
    documentation: documentationOf(symbol),
  };
}

// `@throws` and the like may be all that is to say.
function tagsOf(symbol: ts.Symbol): string {
  return symbol
    .getJsDocTags(checker)
    .map((tag) => tag.name)
    .join(" ");
}

function kindOf(type: ts.Type): Kind {
  if (type.getConstructSignatures().length > 0) return "class";
  if (type.getCallSignatures().length > 0) return "function";
  const flags = type.isUnion() ? type.types.map((part) => part.flags) : [type.flags];
  const all = (kind: ts.TypeFlags): boolean => flags.every((each) => (each & kind) !== 0);
  if (all(ts.TypeFlags.StringLike)) return "string";
  if (all(ts.TypeFlags.NumberLike)) return "number";
  if (all(ts.TypeFlags.BooleanLike)) return "boolean";
  return "other";
}
