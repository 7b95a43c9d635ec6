// docs/errors.md knows every code, and no other; its tables of translations are asked of the code.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  MyelinError,
  type MyelinErrorCode,
  toMyelinError,
} from "../../packages/core/src/errors.ts";
import { IPCProtocolError, toIpcError } from "../../packages/node-ipc/src/protocol-error.ts";
import { root } from "../../scripts/command.mjs";
import { codeIn, section, tableRows, textOf } from "./markdown.ts";

const page = textOf("docs/errors.md");

/** The members of a union of string literals, as the source has them. */
function membersOf(path: string, union: string): string[] {
  const [, body] = new RegExp(`type ${union} =([^;]*);`).exec(textOf(path)) ?? [];
  if (body === undefined) throw new Error(`${path} has no union ${union}`);
  return Array.from(body.matchAll(/"(\w+)"/g), ([, code = ""]) => code);
}

/** The codes of a table, from its first column. */
function codesOf(heading: string): string[] {
  return tableRows(section(page, heading)).flatMap(([code = ""]) => codeIn(code));
}

/** A package's sources as one text, without the lines that only name the members of a union. */
function sources(folder: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => textOf(join(folder, file)).replaceAll(/^ {2}\| "ERR_\w+";?$/gm, ""))
    .join("\n");
}

const coreCodes = membersOf("packages/core/src/errors.ts", "MyelinErrorCode");
const ipcCodes = membersOf("packages/node-ipc/src/protocol-error.ts", "IpcErrorCode");

test("every code of the drop-in has its row, and no row names another", () => {
  expect(codesOf("Codes of the drop-in")).toEqual(ipcCodes);
});

test("every code of the core has its row, and no row names another", () => {
  expect(codesOf("Codes of the core")).toEqual(coreCodes);
});

test("the declarations of the drop-in have the same codes as its source", () => {
  expect(membersOf("packages/node-ipc/index.d.ts", "IPCErrorCode")).toEqual(ipcCodes);
});

test("every row says what happened and what to do", () => {
  const rows = ["Codes of the drop-in", "Codes of the core"].flatMap((heading) =>
    tableRows(section(page, heading)),
  );
  for (const [code, happened, advice] of rows) {
    expect(happened, code).toMatch(/\w{3}/);
    expect(advice, code).toMatch(/\w{3}/);
  }
});

test("the page names no code that does not exist", () => {
  const named = page.match(/\bERR_(?:IPC_)?[A-Z_]+\b/g) ?? [];
  const known = new Set([...coreCodes, ...ipcCodes, ...codesOf("Errors of the system")]);
  // The families `ERR_IPC_*`, `ERR_SSL_*` and `ERR_TLS_*` end in an underscore here.
  expect(named.filter((code) => !known.has(code) && !code.endsWith("_"))).toEqual([]);
});

describe("a code that nothing gives", () => {
  const coreSources = sources("packages/core/src");
  const ipcSources = sources("packages/node-ipc/src");

  test.each(coreCodes)("%s is used by the core", (code) => {
    expect(coreSources).toContain(`"${code}"`);
  });

  test.each(ipcCodes)("%s is used by the drop-in", (code) => {
    expect(ipcSources).toContain(`"${code}"`);
  });
});

describe("what the core makes of an error of the system", () => {
  const rows = tableRows(section(page, "Errors of the system")).flatMap(([left = "", right = ""]) =>
    codeIn(left).map((errno) => [errno, codeIn(right)[0]] as const),
  );

  test.each(rows)("%s becomes %s", (errno, code) => {
    expect(toMyelinError(Object.assign(new Error("x"), { code: errno })).code).toBe(code);
  });

  test("the table has all of them", () => {
    const [, body = ""] =
      /codeOfErrno[^{]*\{([^}]*)\}/.exec(textOf("packages/core/src/errors.ts")) ?? [];
    const known = Array.from(body.matchAll(/^ {2}(\w+):/gm), ([, errno = ""]) => errno);
    expect(rows.map(([errno]) => errno).sort()).toEqual(known.sort());
  });

  test.each([
    ["ERR_SSL_ANYTHING", "ERR_TLS"],
    ["ERR_TLS_ANYTHING", "ERR_TLS"],
    ["EANYTHING", "ERR_TRANSPORT"],
  ])("%s becomes %s", (errno, code) => {
    expect(toMyelinError(Object.assign(new Error("x"), { code: errno })).code).toBe(code);
  });
});

describe("what the drop-in makes of an error of the core", () => {
  const rows = tableRows(section(page, "From the core to the drop-in"));

  test("the table has all codes of the core", () => {
    expect(rows.map(([code = ""]) => codeIn(code)[0])).toEqual(coreCodes);
  });

  test.each(rows)("%s", (cell = "", withSystem = "", without = "") => {
    const [code] = codeIn(cell) as [MyelinErrorCode];
    const cause = Object.assign(new Error("of the system"), {
      code: "ESOMETHING",
      syscall: "connect",
    });
    const translated = toIpcError(new MyelinError(code, "text", { cause }));
    if (withSystem === "Node's own error") expect(translated).toBe(cause);
    else expect((translated as IPCProtocolError).code).toBe(codeIn(withSystem)[0]);

    const bare = toIpcError(new MyelinError(code, "text"));
    expect(bare).toBeInstanceOf(IPCProtocolError);
    expect((bare as IPCProtocolError).code).toBe(codeIn(without)[0]);
  });
});
