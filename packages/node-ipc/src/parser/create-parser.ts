import type { Defaults, WireParser } from "../defaults.ts";
import { AssuredParser, GuardedParser } from "./guarded-parser.ts";
import { Parser } from "./parser.ts";
import { RawParser } from "./raw-parser.ts";

/** The parser that a configuration asks for. */
export function createParser(config: Defaults): WireParser {
  const choice = config.rawBuffer ? "raw" : (config.parser ?? "fast");
  const parser = typeof choice === "string" ? builtIn(choice, config) : custom(choice, config);
  if (typeof parser?.encode !== "function" || typeof parser.read !== "function") {
    throw new TypeError(
      'ipc.config.parser must be "raw", "fast", "guarded", "assured", or an object with encode() and read()',
    );
  }
  return parser;
}

function builtIn(name: string, config: Defaults): WireParser | undefined {
  switch (name) {
    case "raw":
      return new RawParser(config);
    case "fast":
      return new Parser(config);
    case "guarded":
      return new GuardedParser(config);
    case "assured":
      return new AssuredParser(config);
    default:
      return undefined;
  }
}

function custom(
  choice: WireParser | (new (config: Defaults) => WireParser),
  config: Defaults,
): WireParser {
  return typeof choice === "function" ? new choice(config) : choice;
}
