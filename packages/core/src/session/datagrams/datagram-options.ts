/** Checks what does not go together with `udp:`. */
import { MyelinError } from "../../errors.ts";
import type { ConnectOptions } from "../../peer/connect-options.ts";
import type { ServeOptions } from "../../peer/serve-options.ts";

/** Options whose promise UDP cannot keep: a wish that were ignored would be a false promise. */
const notOverUdp: Readonly<Record<"serve" | "connect", readonly string[]>> = {
  serve: ["secret", "authorize", "codecs", "structured", "trace"],
  connect: ["secret", "meta", "codecs", "structured", "trace"],
};

/** @throws {MyelinError} `ERR_CONFIG` */
export function checkDatagramOptions(
  owner: "serve" | "connect",
  options: ServeOptions | ConnectOptions,
): void {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const {
    accept = [],
    dialect = "myelin",
    resume = false,
  } = options as ServeOptions & ConnectOptions;
  const wrong = [
    ...notOverUdp[owner].filter((key) => given[key] !== undefined),
    ...(resume === false ? [] : ["resume"]),
    ...(accept.includes("node-ipc") ? ['accept: "node-ipc"'] : []),
    ...(dialect === "myelin" ? [] : [`dialect: "${dialect}"`]),
  ];
  const [first] = wrong;
  if (first === undefined) return;
  const what = "over UDP there are events only, and nobody proves who they are";
  throw new MyelinError("ERR_CONFIG", `${owner}(): ${first} does not go with udp: ${what}`);
}
