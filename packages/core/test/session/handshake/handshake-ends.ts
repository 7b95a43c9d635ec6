// Both ends of a handshake as their owners feed them: bytes in any pieces, and what comes of them.
import { isMyelinError, type MyelinError } from "../../../src/errors.ts";
import { LengthPrefixDecoder } from "../../../src/framing/length-prefix.ts";
import { PrefaceReader } from "../../../src/framing/preface.ts";
import {
  ClientHandshake,
  type ClientHandshakeOptions,
  type ClientStep,
} from "../../../src/session/handshake/client-handshake.ts";
import { maxHandshakeFrameBytes } from "../../../src/session/handshake/handshake-frame.ts";
import type { Hello } from "../../../src/session/handshake/hello.ts";
import {
  type Admission,
  ServerHandshake,
  type ServerHandshakeOptions,
  type ServerStep,
} from "../../../src/session/handshake/server-handshake.ts";
import type { ReceiveLimits } from "../../../src/session/handshake/terms.ts";

export const limits: ReceiveLimits = {
  maxFrameBytes: 131_072,
  maxMessageBytes: 67_108_864,
  windowMessages: 1_000,
  windowBytes: 1_048_576,
};

export const hello: Hello = { codecs: [], features: [], limits, meta: {} };
export const admission: Admission = { instance: "b1", peer: "p1", limits };

/** A source of bytes that are all different, and the same in every run. */
export function countingBytes(start: number): (count: number) => Uint8Array {
  let next = start;
  return (count) => Uint8Array.from({ length: count }, () => next++);
}

type Step = ClientStep | ServerStep;

/** Feeds a handshake until it is over. */
export class End<Each extends Step> {
  /** Everything that was said and not collected. */
  outbox: Buffer[] = [];
  last: Each | undefined;
  readonly #handshake: {
    onPreface(versions: { lowest: number; highest: number }): Each;
    onFrame(kind: number, bytes: Buffer, start: number, end: number): Each;
  };
  readonly #preface = new PrefaceReader();
  readonly #decoder: LengthPrefixDecoder;
  readonly #onStep: (step: Each) => Each;
  readonly #fail: (error: MyelinError) => Each;

  constructor(
    handshake: {
      onPreface(versions: { lowest: number; highest: number }): Each;
      onFrame(kind: number, bytes: Buffer, start: number, end: number): Each;
    },
    fail: (error: MyelinError) => Each,
    onStep: (step: Each) => Each = (step) => step,
  ) {
    this.#handshake = handshake;
    this.#fail = fail;
    this.#onStep = onStep;
    this.#decoder = new LengthPrefixDecoder(
      { onFrame: (...frame) => this.#took(handshake.onFrame(...frame)) },
      { maxFrameBytes: maxHandshakeFrameBytes },
    );
  }

  get isOver(): boolean {
    return this.last?.type === "failed" || this.last?.type === "welcomed";
  }

  /** The bytes are overwritten afterwards, as those of a reused buffer would be. */
  feed(bytes: Uint8Array): void {
    if (this.isOver) return;
    const own = Buffer.from(bytes);
    try {
      const wasThere = this.#preface.versions !== undefined;
      const taken = wasThere ? 0 : this.#preface.push(own);
      const { versions } = this.#preface;
      if (!wasThere && versions !== undefined) this.#took(this.#handshake.onPreface(versions));
      if (taken < own.length && !this.isOver) this.#decoder.push(own.subarray(taken));
    } catch (error) {
      // Anything else is a mistake, which must not pass for an outcome.
      if (!isMyelinError(error)) throw error;
      this.#took(this.#fail(error));
    }
    own.fill(0xdd);
  }

  #took(step: Each): void {
    const result = this.#onStep(step);
    this.last = result;
    if ("send" in result && result.send !== undefined) this.outbox.push(result.send);
    if (this.isOver) this.#decoder.stop();
  }
}

export type ClientEnd = End<ClientStep>;
export type ServerEnd = End<ServerStep>;

export function clientEnd(options: Partial<ClientHandshakeOptions> = {}): ClientEnd {
  const handshake = new ClientHandshake({ hello, randomBytes: countingBytes(0), ...options });
  const end = new End<ClientStep>(handshake, (error) => ({ type: "failed", error }));
  end.outbox.push(handshake.start());
  return end;
}

/** Lets everybody in with `admit`, as far as it has an answer. */
export function serverEnd(
  options: Partial<ServerHandshakeOptions> = {},
  admit: (step: ServerStep & { type: "decide" }) => Admission | undefined = () => admission,
): ServerEnd & { readonly decided: (ServerStep & { type: "decide" })[] } {
  const decided: (ServerStep & { type: "decide" })[] = [];
  const handshake = new ServerHandshake({
    codecs: [],
    features: [],
    randomBytes: countingBytes(100),
    ...options,
  });
  const end = new End<ServerStep>(
    handshake,
    (error) => handshake.fail(error),
    (step) => {
      if (step.type !== "decide") return step;
      decided.push(step);
      const answer = admit(step);
      if (answer === undefined) return step;
      end.outbox.push(handshake.accept(answer).send);
      return step;
    },
  );
  return Object.assign(end, { decided });
}

/** Carries bytes between both until nobody says anything. `through` is the man in the middle. */
export function converse(
  client: ClientEnd,
  server: ServerEnd,
  through: (from: "client" | "server", bytes: Buffer) => readonly Uint8Array[] = (_from, bytes) => [
    bytes,
  ],
): void {
  for (;;) {
    const fromClient = client.outbox.splice(0);
    const fromServer = server.outbox.splice(0);
    if (fromClient.length + fromServer.length === 0) return;
    for (const bytes of fromClient) {
      for (const piece of through("client", bytes)) server.feed(piece);
    }
    for (const bytes of fromServer) {
      for (const piece of through("server", bytes)) client.feed(piece);
    }
  }
}

/** The outcome of an end in one word: the code of its error, or what it waits for. */
export function outcome(end: ClientEnd | ServerEnd): string {
  const { last } = end;
  if (last === undefined) return "silence";
  return last.type === "failed" ? last.error.code : last.type;
}
