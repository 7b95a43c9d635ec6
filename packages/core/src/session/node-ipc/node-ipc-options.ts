/** Checks what is said about node-ipc's dialect, and what does not go together with it. */
import { MyelinError } from "../../errors.ts";
import { Delimiter } from "../../framing/delimiter.ts";
import { shown } from "../../options.ts";
import type { ConnectOptions } from "../../peer/connect-options.ts";
import type { Authorize, AuthorizeLegacy, ServeOptions } from "../../peer/serve-options.ts";
import { isObject } from "../shapes.ts";

const defaultDelimiter = "\f";
/** A packet that is lost on the way comes again within the longer one. */
const defaultSniffMs = { local: 200, network: 1_000 };

/** What `serve()` takes of whom. */
export interface AcceptSettings {
  readonly authorize: Authorize | undefined;
  /** Undefined: no clients of node-ipc. */
  readonly nodeIpc:
    | {
        readonly delimiter: Delimiter;
        readonly sniffMs: { readonly local: number; readonly network: number };
        readonly authorize: AuthorizeLegacy | undefined;
        readonly acceptsMyelin: boolean;
      }
    | undefined;
}

/** @throws {MyelinError} `ERR_CONFIG` */
export function acceptSettings(options: ServeOptions): AcceptSettings {
  const { accept = ["myelin"], authorize, delimiter, secret, sniffMs } = options;
  const dialects: readonly string[] = ["myelin", "node-ipc"];
  if (!Array.isArray(accept) || accept.length === 0) throw wrong("accept is a list of dialects");
  for (const each of accept) {
    if (dialects.includes(each)) continue;
    throw wrong(`accept: ${shown(each)} is none of ${dialects.join(", ")}`);
  }
  const { legacy, myelin } = askedOf(authorize);
  if (!accept.includes("node-ipc")) {
    if (legacy !== undefined) throw wrong('authorize.legacy is for accept: ["node-ipc"]');
    checkUnused({ delimiter, sniffMs });
    return { authorize: myelin, nodeIpc: undefined };
  }
  // Whoever does not know the secret would only have to begin with a brace.
  if (secret !== undefined)
    throw wrong("clients of node-ipc know no secret: accept them elsewhere");
  if (authorize !== undefined && legacy === undefined) {
    throw wrong("clients of node-ipc pass by authorize: say { myelin, legacy }");
  }
  return {
    authorize: myelin,
    nodeIpc: {
      delimiter: new Delimiter(delimiter ?? defaultDelimiter),
      sniffMs: sniffMs === undefined ? defaultSniffMs : { local: sniffMs, network: sniffMs },
      authorize: legacy,
      acceptsMyelin: accept.includes("myelin"),
    },
  };
}

/** @throws {MyelinError} `ERR_CONFIG`: a mistyped key would let everybody in */
function askedOf(authorize: ServeOptions["authorize"]): {
  readonly legacy?: AuthorizeLegacy | undefined;
  readonly myelin?: Authorize | undefined;
} {
  if (authorize === undefined) return {};
  const asked = typeof authorize === "function" ? { myelin: authorize } : authorize;
  const entries: [string, unknown][] = isObject(asked) ? Object.entries(asked) : [];
  const keys = ["legacy", "myelin"];
  const isRight = entries.every(
    ([key, value]) => keys.includes(key) && typeof value === "function",
  );
  if (isRight && entries.length > 0) return asked;
  throw wrong("authorize must be a function, or { myelin, legacy } with functions");
}

/** What `connect()` would do nothing with when it speaks to a server of node-ipc. */
const notOfNodeIpc = ["secret", "meta", "codecs", "structured", "trace"] as const;

/**
 * The delimiter of a client of node-ipc; undefined for one of the myelin wire.
 * @throws {MyelinError} `ERR_CONFIG`
 */
export function nodeIpcDelimiter(options: ConnectOptions): Delimiter | undefined {
  const { delimiter, dialect = "myelin", heartbeat = false, resume = false } = options;
  if (dialect === "myelin") {
    checkUnused({ delimiter });
    return undefined;
  }
  if (dialect !== "node-ipc") throw wrong('dialect is "myelin" or "node-ipc"');
  const given = notOfNodeIpc.filter((key) => options[key] !== undefined);
  const [first] = [
    ...given,
    ...(resume === false ? [] : ["resume"]),
    ...(heartbeat === false ? [] : ["heartbeat"]),
  ];
  if (first !== undefined) throw wrong(`a server of node-ipc knows nothing of ${first}`);
  return new Delimiter(delimiter ?? defaultDelimiter);
}

function checkUnused(options: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) throw wrong(`${key} is for node-ipc's dialect`);
  }
}

function wrong(what: string): MyelinError {
  return new MyelinError("ERR_CONFIG", what);
}
