/** The client's side of getting to know each other. */
import type { Clock } from "../../clock.ts";
import { MyelinError, toMyelinError } from "../../errors.ts";
import type { Connection, Sink } from "../../transport/transport.ts";
import { withStrayBytes } from "../stray-bytes.ts";
import { ClientHandshake, type ClientStep } from "./client-handshake.ts";
import { Greeting } from "./greeting.ts";
import type { Hello, ResumeRequest } from "./hello.ts";
import type { ProofKeys } from "./proof.ts";
import type { Welcome } from "./welcome.ts";

export interface GreetServerOptions {
  readonly clock: Clock;
  readonly hello: Hello;
  /** The session to go on with. */
  readonly resume?: ResumeRequest | undefined;
  readonly keys: ProofKeys | undefined;
  readonly channelBinding?: Uint8Array | undefined;
  readonly timeoutMs: number;
}

/** A connection on which the server has welcomed us. */
export interface Welcomed {
  readonly connection: Connection;
  readonly welcome: Welcome;
  /** Everything that came after the welcome goes there. */
  readonly handOn: (sink: Sink) => void;
}

/** Why the server did not welcome us. */
export interface Rejection {
  readonly error: MyelinError;
  /** The server would have us again after so long; undefined: never; null: it did not say. */
  readonly retryAfterMs: number | undefined | null;
  /** The server speaks as to a client of node-ipc: it speaks nothing else, or took us for one. */
  readonly isMistaken?: boolean;
}

/**
 * Calls back once. The connection is aborted when there is no welcome.
 * @throws {MyelinError} `ERR_CONFIG` for a hello that cannot be sent; the connection is as it was
 */
export function greetServer(
  connection: Connection,
  options: GreetServerOptions,
  onOutcome: (welcomed: Welcomed | undefined, rejection: Rejection | undefined) => void,
): Greeting<ClientStep> {
  const { clock, hello, keys, channelBinding, resume, timeoutMs } = options;
  const randomBytes = (count: number): Uint8Array => clock.randomBytes(count);
  const handshake = new ClientHandshake({ hello, keys, channelBinding, randomBytes, resume });
  const reject = (
    error: MyelinError,
    retryAfterMs: Rejection["retryAfterMs"],
    isMistaken = false,
  ): void => {
    greeting.abandon(error);
    onOutcome(undefined, { error, retryAfterMs, isMistaken });
  };
  const greeting = new Greeting<ClientStep>(
    connection,
    {
      handshake,
      onStep(step) {
        if (step.type === "failed") {
          reject(step.error, step.retryAfterMs);
        } else if (step.type === "welcomed") {
          greeting.finish();
          const handOn = (sink: Sink): void => greeting.handOn(sink);
          onOutcome({ connection, welcome: step.welcome, handOn }, undefined);
        } else {
          greeting.send(step.send);
        }
      },
      onFailure(error) {
        const foreign = handshake.foreignVersion(error);
        if (foreign !== undefined) reject(foreign, undefined);
        else if (greeting.heardNodeIpc) reject(mistakenError(error), null, true);
        else if (greeting.heardNothing && error.code === "ERR_TIMEOUT") {
          reject(new MyelinError(error.code, `${error.message}: ${silence(connection)}`), null);
        } else reject(withHint(withStrayBytes(error, connection), connection), null);
      },
    },
    { clock, timeoutMs },
  );
  const first = firstFrame(handshake);
  greeting.begin();
  greeting.send(first);
  return greeting;
}

function mistakenError(cause: MyelinError): MyelinError {
  const hint = 'where that is all it speaks, connect with dialect: "node-ipc"';
  return new MyelinError(cause.code, `${cause.message}; ${hint}`, { cause });
}

/** Where a server of node-ipc can be. */
const legacySchemes = new Set<string | undefined>(["local", "unix", "pipe", "tcp", "tls"]);

/** What can be said of a server that has not said anything. */
export function silence({ remote }: Connection): string {
  const what = "somebody accepted the connection and said nothing";
  const slow = "a slow one needs a longer limits.handshakeTimeoutMs";
  if (!legacySchemes.has(remote?.scheme)) return `${what}; ${slow}`;
  return `${what}; a server of node-ipc needs dialect: "node-ipc", ${slow}`;
}

/** @throws {MyelinError} `ERR_CONFIG` when what this client says of itself cannot be said */
function firstFrame(handshake: ClientHandshake): Buffer {
  try {
    return handshake.start();
  } catch (cause) {
    const { message } = toMyelinError(cause);
    throw new MyelinError("ERR_CONFIG", `the hello cannot be sent: ${message}`, { cause });
  }
}

/** Where a server that does not want us may just hang up. */
const whatAnEndMayMean: Readonly<Record<string, string>> = {
  tcp: "does the server expect tls://?",
  tls: "does the server accept this client's certificate?",
};

function withHint(error: MyelinError, { remote }: Connection): MyelinError {
  const hint = remote === undefined ? undefined : whatAnEndMayMean[remote.scheme];
  if (hint === undefined || error.code !== "ERR_CONNECTION_LOST") return error;
  return new MyelinError(error.code, `${error.message} (${hint})`, { cause: error });
}
