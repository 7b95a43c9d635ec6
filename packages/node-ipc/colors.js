"use strict";
// The text styles that node-ipc's logs were once written with: `"got it".good`, `"note".red.bold`.
// Loading this file puts them on String.prototype; nothing else in the package does.
const { isatty } = require("node:tty");

/** The numbers that switch a style on and off: ECMA-48, SGR. @type {Record<string, [number, number]>} */
const codes = {
  reset: [0, 0],
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  underline: [4, 24],
  inverse: [7, 27],
  hidden: [8, 28],
  strikethrough: [9, 29],
};

// Foregrounds start at 30, bright ones at 90, backgrounds ten above; `redBG` is what `bgRed` was first called.
["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"].forEach((name, index) => {
  const capital = name[0].toUpperCase() + name.slice(1);
  codes[name] = [30 + index, 39];
  codes[`bright${capital}`] = [90 + index, 39];
  codes[`bg${capital}`] = codes[`${name}BG`] = [40 + index, 49];
  codes[`bgBright${capital}`] = [100 + index, 49];
});
codes.gray = codes.grey = codes.brightBlack;
codes.bgGray = codes.bgGrey = codes.bgBrightBlack;

/** Styles that give each character its own: they name one for its position. */
const patterns = {
  rainbow: (index) => ["red", "yellow", "green", "blue", "magenta"][index % 5],
  zebra: (index) => (index % 2 === 0 ? undefined : "inverse"),
  america: (index) => ["red", "white", "blue"][index % 3],
  random: () => {
    const names = ["red", "green", "yellow", "blue", "magenta", "cyan", "white", "gray"];
    return names[Math.floor(Math.random() * names.length)];
  },
};

const defaultTheme = {
  good: "green",
  notice: "yellow",
  warn: "red",
  error: "redBG",
  debug: "magenta",
  variable: "cyan",
  data: "blue",
};

// oxlint-disable-next-line no-control-regex -- the escape character is what it looks for
const escapes = /\x1b\[[\d;]*m/g;

const strip = (text) => text.replace(escapes, "");

/** What each style makes of a text. @type {Map<string, (text: string) => string>} */
const styles = new Map();

for (const [name, [on, off]] of Object.entries(codes)) {
  const open = `\x1b[${on}m`;
  const close = `\x1b[${off}m`;
  // A style that ends inside of this one would end this one with it.
  styles.set(name, (text) => `${open}${text.replaceAll(close, close + open)}${close}`);
}
for (const [name, styleAt] of Object.entries(patterns)) {
  styles.set(name, (text) =>
    // By code points: half an emoji is no character.
    Array.from(strip(text), (character, index) => {
      const style = character.trim() === "" ? undefined : styleAt(index);
      return style === undefined ? character : styles.get(style)(character);
    }).join(""),
  );
}

const fixedNames = new Set(["strip", "stripColors", ...styles.keys()]);

let enabled = wantsColors(process.env);

/** Colours when they are forced, else unless they are refused, when stdout is a terminal that has them. */
function wantsColors(env) {
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== "0" && force !== "false";
  if (env.NO_COLOR || env.TERM === "dumb") return false;
  return isatty(1);
}

function define(name, read) {
  // oxlint-disable-next-line no-extend-native -- whoever loads this file asks for just that
  Object.defineProperty(String.prototype, name, {
    configurable: true,
    get() {
      return read(String(this));
    },
    // Without it, objects that inherit from String.prototype could not have a property of this name.
    set(value) {
      if (typeof this !== "object") return;
      Object.defineProperty(this, name, {
        configurable: true,
        enumerable: true,
        value,
        writable: true,
      });
    },
  });
}

function addStyle(name, style) {
  styles.set(name, style);
  define(name, (text) => (enabled ? style(text) : text));
}

/** Whether strings need the property themselves: an accessor is a style, of this copy or another. */
function isTaken(name) {
  if (fixedNames.has(name)) return true;
  return name in String.prototype && !Object.getOwnPropertyDescriptor(String.prototype, name)?.get;
}

function setTheme(theme) {
  const added = Object.entries(theme).map(([name, value]) => {
    if (isTaken(name)) {
      throw new TypeError(`"${name}" cannot be a name of a theme: strings have it already`);
    }
    const parts = [value].flat();
    const steps = parts.map((part) => {
      const step = styles.get(part);
      if (step === undefined) throw new TypeError(`"${name}" cannot be ${String(part)}: no style`);
      return step;
    });
    return [name, (text) => steps.reduce((styled, step) => step(styled), text)];
  });
  for (const [name, style] of added) addStyle(name, style);
}

function enable() {
  enabled = true;
}

function disable() {
  enabled = false;
}

function isEnabled() {
  return enabled;
}

define("strip", strip);
define("stripColors", strip);
for (const [name, style] of styles) addStyle(name, style);
setTheme(defaultTheme);

module.exports = { setTheme, enable, disable, isEnabled };
// For TypeScript and Babel, which compile `import colors from` to this name in some settings.
Object.defineProperty(module.exports, "default", { value: module.exports });
