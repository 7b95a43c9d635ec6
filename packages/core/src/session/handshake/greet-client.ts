/** The server's side of getting to know each other. */
import type { Clock } from "../../clock.ts";
import { type MyelinError, toMyelinError } from "../../errors.ts";
import type { Connection, Sink } from "../../transport/transport.ts";
import { withStrayBytes } from "../stray-bytes.ts";
import { Greeting } from "./greeting.ts";
import type { Hello, ResumeRequest } from "./hello.ts";
import type { ProofKeys } from "./proof.ts";
import {
  type Admission,
  type Rebuff,
  ServerHandshake,
  type ServerStep,
} from "./server-handshake.ts";
import type { Welcome } from "./welcome.ts";

/** A yes with what the client is told, or a no. */
export type Decision = Admission | Rebuff;

export interface GreetClientOptions {
  readonly clock: Clock;
  /** Has somebody hear what comes over the connection; absent: it was not opened yet. */
  readonly open?: ((sink: Sink) => void) | undefined;
  /** Registered codecs, by name. */
  readonly codecs: readonly string[];
  readonly keys: ProofKeys | undefined;
  readonly channelBinding?: Uint8Array | undefined;
  readonly timeoutMs: number;
  /** The largest frame of the client's that is read before it is known. */
  readonly maxHelloBytes: number;
  /** Lets a client in or not; asked once, after it has proven what it can. */
  readonly decide: (hello: Hello, resume: ResumeRequest | undefined) => Promise<Decision>;
  /** Extensions that this side offers. */
  readonly features: readonly string[];
}

/** A connection whose client has been welcomed. */
export interface LetIn {
  readonly connection: Connection;
  readonly hello: Hello;
  readonly welcome: Welcome;
  /** The session that it continues: so many of our frames have arrived in it. */
  readonly resumed: { readonly received: number } | undefined;
  /** Everything that came after the hello goes there. */
  readonly handOn: (sink: Sink) => void;
}

/** Once: with a client, or with why there is none. */
export type OnGreeted = (...outcome: [LetIn, undefined] | [undefined, MyelinError]) => void;

export function greetClient(
  connection: Connection,
  options: GreetClientOptions,
  onOutcome: OnGreeted,
): Greeting<ServerStep> {
  const { clock, codecs, features, keys, channelBinding, open, timeoutMs, decide } = options;
  const randomBytes = (count: number): Uint8Array => clock.randomBytes(count);
  const handshake = new ServerHandshake({
    ...{ codecs, features, keys, channelBinding, randomBytes },
  });
  const fail = (error: MyelinError, send: Buffer | undefined): void => {
    if (greeting.isOver) return;
    greeting.send(send);
    greeting.abandon(error);
    onOutcome(undefined, error);
  };
  const onDecision = (
    hello: Hello,
    resume: ResumeRequest | undefined,
    decision: Decision,
  ): void => {
    if (greeting.isOver) return;
    if ("reason" in decision) {
      const { error, send } = handshake.refuse(decision);
      fail(error, send);
      return;
    }
    let accepted;
    try {
      accepted = handshake.accept(decision);
    } catch (reason) {
      // What this side would say of itself cannot be said.
      fail(toMyelinError(reason), handshake.refuse({ reason: "refused" }).send);
      return;
    }
    const { send, welcome } = accepted;
    greeting.send(send);
    greeting.finish();
    const resumed = welcome.received === undefined ? undefined : resume;
    const handOn = (sink: Sink): void => greeting.handOn(sink);
    onOutcome({ connection, hello, welcome, resumed, handOn }, undefined);
  };
  const greeting = new Greeting<ServerStep>(
    connection,
    {
      handshake,
      onStep(step) {
        if (step.type === "failed") {
          fail(step.error, step.send);
        } else if (step.type === "wait") {
          greeting.send(step.send);
        } else {
          decide(step.hello, step.resume).then(
            (decision) => onDecision(step.hello, step.resume, decision),
            // Who cannot decide lets nobody in.
            (cause: unknown) => onDecision(step.hello, step.resume, { reason: "refused", cause }),
          );
        }
      },
      onFailure: (reason) => {
        const { error, send } = handshake.fail(reason);
        fail(withStrayBytes(error, connection), send);
      },
    },
    { clock, timeoutMs, maxHelloBytes: options.maxHelloBytes },
  );
  greeting.begin(open);
  return greeting;
}
