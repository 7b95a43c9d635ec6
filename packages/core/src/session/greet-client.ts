/** The server's side of getting to know each other. */
import type { Clock } from "../clock.ts";
import type { MyelinError } from "../errors.ts";
import type { Connection, Sink } from "../transport/transport.ts";
import { Greeting } from "./greeting.ts";
import type { Hello } from "./hello.ts";
import type { ProofKeys } from "./proof.ts";
import { type Admission, ServerHandshake, type ServerStep } from "./server-handshake.ts";
import type { Refusal, Welcome } from "./welcome.ts";

export interface GreetClientOptions {
  readonly clock: Clock;
  /** Registered codecs, by name. */
  readonly codecs: readonly string[];
  readonly keys: ProofKeys | undefined;
  readonly channelBinding?: Uint8Array | undefined;
  readonly timeoutMs: number;
  /** Lets a client in or not; asked once, after it has proven what it can. */
  readonly decide: (hello: Hello) => Promise<Admission | Omit<Refusal, "versions">>;
}

/** A connection whose client has been welcomed. */
export interface LetIn {
  readonly connection: Connection;
  readonly hello: Hello;
  readonly welcome: Welcome;
  /** Everything that came after the hello goes there. */
  readonly handOn: (sink: Sink) => void;
}

/** Calls back once: with a client, or with why there is none. */
export function greetClient(
  connection: Connection,
  options: GreetClientOptions,
  onOutcome: (client: LetIn | undefined, error: MyelinError | undefined) => void,
): Greeting<ServerStep> {
  const { clock, codecs, keys, channelBinding, timeoutMs, decide } = options;
  const randomBytes = (count: number): Uint8Array => clock.randomBytes(count);
  const handshake = new ServerHandshake({
    ...{ codecs, features: [], keys, channelBinding, randomBytes },
  });
  const fail = (error: MyelinError, send: Buffer | undefined): void => {
    if (greeting.isOver) return;
    greeting.send(send);
    greeting.abandon(error);
    onOutcome(undefined, error);
  };
  const onDecision = (hello: Hello, decision: Admission | Omit<Refusal, "versions">): void => {
    if (greeting.isOver) return;
    if ("reason" in decision) {
      const { error, send } = handshake.refuse(decision);
      fail(error, send);
      return;
    }
    const { send, welcome } = handshake.accept(decision);
    greeting.send(send);
    greeting.finish();
    onOutcome({ connection, hello, welcome, handOn: (sink) => greeting.handOn(sink) }, undefined);
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
          decide(step.hello).then(
            (decision) => onDecision(step.hello, decision),
            // Who cannot decide lets nobody in.
            () => onDecision(step.hello, { reason: "refused" }),
          );
        }
      },
      onFailure: (error) => {
        const { send } = handshake.fail(error);
        fail(error, send);
      },
    },
    { clock, timeoutMs },
  );
  return greeting;
}
