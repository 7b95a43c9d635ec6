// The old log styles: nothing without the import, plain ANSI codes with it.
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type Colors from "../colors.js";

const require = createRequire(import.meta.url);
const file = require.resolve("../colors.js");
const namesBefore = Object.getOwnPropertyNames(String.prototype);
const descriptorsBefore = Object.getOwnPropertyDescriptors(String.prototype);

let colors: typeof Colors;

beforeEach(() => {
  colors = require(file);
  colors.enable();
});

afterEach(() => {
  delete require.cache[file];
  for (const name of Object.getOwnPropertyNames(String.prototype)) {
    if (!namesBefore.includes(name)) Reflect.deleteProperty(String.prototype, name);
  }
  Reflect.defineProperty(String.prototype, "bold", descriptorsBefore.bold);
});

/** Escape characters as `^`, to be read. */
const shown = (text: unknown): string => String(text).replaceAll("\x1b[", "^");

/** What a fresh process prints for some expressions. */
async function print(expressions: string, env: Record<string, string> = {}): Promise<string> {
  const { FORCE_COLOR: _force, NO_COLOR: _no, ...inherited } = process.env;
  const line = ["--eval", `console.log(JSON.stringify([${expressions}]))`];
  const { stdout } = await promisify(execFile)(process.execPath, line, {
    env: { ...inherited, ...env },
  });
  return shown(JSON.parse(stdout));
}
const load = `require(${JSON.stringify(file)})`;

describe("styles", () => {
  test("the theme is node-ipc's", () => {
    const theme = ["good", "notice", "warn", "error", "debug", "variable", "data"] as const;
    expect(theme.map((name) => shown("x"[name]))).toEqual([
      "^32mx^39m",
      "^33mx^39m",
      "^31mx^39m",
      "^41mx^49m",
      "^35mx^39m",
      "^36mx^39m",
      "^34mx^39m",
    ]);
  });

  test.for([
    ["dim", "^2mx^22m"],
    ["bold", "^1mx^22m"],
    ["italic", "^3mx^23m"],
    ["underline", "^4mx^24m"],
    ["inverse", "^7mx^27m"],
    ["hidden", "^8mx^28m"],
    ["strikethrough", "^9mx^29m"],
    ["reset", "^0mx^0m"],
    ["black", "^30mx^39m"],
    ["white", "^37mx^39m"],
    ["gray", "^90mx^39m"],
    ["grey", "^90mx^39m"],
    ["brightRed", "^91mx^39m"],
    ["brightWhite", "^97mx^39m"],
    ["bgBlack", "^40mx^49m"],
    ["bgYellow", "^43mx^49m"],
    ["bgGray", "^100mx^49m"],
    ["bgBrightCyan", "^106mx^49m"],
    ["redBG", "^41mx^49m"],
    ["whiteBG", "^47mx^49m"],
  ] as const)("%s", ([name, expected]) => {
    expect(shown(Reflect.get(String.prototype, name, "x"))).toBe(expected);
  });

  test("chain, since they are strings", () => {
    expect(shown("x".red.underline.bgBlue)).toBe("^44m^4m^31mx^39m^24m^49m");
    expect("x".red.bgBlue.strip).toBe("x");
    expect("x".red.stripColors).toBe("x");
  });

  test("go on where one of their kind ends inside of them", () => {
    expect(shown(`a${"b".red}c`.blue)).toBe("^34ma^31mb^39m^34mc^39m");
  });

  test("rainbow, zebra and america give each character its own, and blanks none", () => {
    expect(shown("ab c".rainbow)).toBe("^31ma^39m^33mb^39m ^34mc^39m");
    expect(shown("abc".zebra)).toBe("a^7mb^27mc");
    expect(shown("abcd".america)).toBe("^31ma^39m^37mb^39m^34mc^39m^31md^39m");
    expect(shown("🦉x".rainbow)).toBe("^31m🦉^39m^33mx^39m");
    expect("random text".random.strip).toBe("random text");
    expect("random".random).not.toBe("random");
  });

  test("are not seen by loops and assignments", () => {
    const found: string[] = [];
    for (const name in Object("x")) found.push(name);
    expect(found).toEqual(["0"]);
    const box: { data?: number } = Object.create(String.prototype);
    box.data = 1;
    expect(box.data).toBe(1);
    expect(Object.keys(box)).toEqual(["data"]);
  });
});

describe("the theme", () => {
  test("can be changed and extended, by names and by lists of them", () => {
    colors.setTheme({ notice: "cyan", alarm: ["red", "underline"], good: "rainbow" });
    expect(shown("x".notice)).toBe("^36mx^39m");
    expect(shown(Reflect.get(String.prototype, "alarm", "x"))).toBe("^4m^31mx^39m^24m");
    expect(shown("xy".good)).toBe("^31mx^39m^33my^39m");
    expect(shown("x".warn)).toBe("^31mx^39m");
  });

  test("may build on itself", () => {
    colors.setTheme({ notice: ["notice", "underline"], warn: "notice" });
    expect(shown("x".notice)).toBe("^4m^33mx^39m^24m");
    expect(shown("x".warn)).toBe("^33mx^39m");
  });

  test.for(["red", "strip", "length", "trim", "toString", "constructor"])(
    "cannot take the name %s from strings",
    (name) => {
      expect(() => colors.setTheme({ [name]: "blue" })).toThrow(TypeError);
    },
  );

  test("knows its styles, and changes nothing when one is wrong", () => {
    const wrong = { notice: "cyan", other: "pink" } as unknown as Record<string, "cyan">;
    expect(() => colors.setTheme(wrong)).toThrow('"other" cannot be pink: no style');
    expect(shown("x".notice)).toBe("^33mx^39m");
  });
});

describe("loading", () => {
  test("twice is as good as once, with a theme that is there already", () => {
    colors.setTheme({ alarm: "red" });
    delete require.cache[file];
    const again: typeof Colors = require(file);
    expect(again).not.toBe(colors);
    again.enable();
    again.setTheme({ alarm: "blue" });
    expect(shown(Reflect.get(String.prototype, "alarm", "x"))).toBe("^34mx^39m");
    expect(shown("x".good)).toBe("^32mx^39m");
  });

  test("the rest of the package does not do it", async () => {
    const index = JSON.stringify(require.resolve("../index.js"));
    const names = "Object.getOwnPropertyNames(String.prototype).join()";
    expect(await print(`(require(${index}), ${names})`)).toBe(await print(names));
  });

  test("works in ES modules, by default and by name", async () => {
    const program = `
      import colors, { setTheme, enable, disable, isEnabled } from ${JSON.stringify(new URL("../colors.js", import.meta.url).href)};
      if (colors.default !== colors || colors.setTheme !== setTheme) throw new Error("names");
      enable();
      if (!isEnabled() || "x".good === "x") throw new Error("enable");
      disable();
      if (isEnabled() || "x".good !== "x") throw new Error("disable");`;
    await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  });
});

describe("whether there are colours", () => {
  test("strings stay as they are when disabled, but can be stripped", () => {
    const red = "x".red;
    colors.disable();
    expect(colors.isEnabled()).toBe(false);
    expect(["x".good, "x".rainbow, "x".red.bgBlue]).toEqual(["x", "x", "x"]);
    expect(red.strip).toBe("x");
  });

  test.for<[string, Record<string, string>, string]>([
    ["not on what is no terminal", {}, "x"],
    ["when forced", { FORCE_COLOR: "1" }, "^32mx^39m"],
    ["when forced by an empty value", { FORCE_COLOR: "" }, "^32mx^39m"],
    ["when forced although refused", { FORCE_COLOR: "1", NO_COLOR: "1" }, "^32mx^39m"],
    ["not when forced off", { FORCE_COLOR: "0" }, "x"],
    ["not when forced off by a word", { FORCE_COLOR: "false" }, "x"],
    ["not when refused", { NO_COLOR: "1" }, "x"],
  ])("%s", async ([, env, expected]) => {
    expect(await print(`(${load}, "x".good)`, env)).toBe(expected);
  });
});
