/** `ipc.log`: joins its arguments, objects as Node prints them. Costs nothing when silent. */
import { inspect } from "node:util";
import type { Defaults } from "./defaults.ts";

export type Log = (...args: unknown[]) => void;

export function log(config: Defaults, ...args: unknown[]): void {
  if (config.silent) return;
  const options = { depth: config.logDepth, colors: config.logInColor };
  const words = args.map((each) => (typeof each === "object" ? inspect(each, options) : each));
  config.logger(words.join(" "));
}
