/**
 * The client's way to a welcome, over bytes and nothing else: time limits and the connection are the
 * business of whoever feeds it.
 *
 *     preface, hello ->
 *                    <- preface, welcome                  without a secret
 *                    <- preface, challenge                with one
 *     proof          ->
 *                    <- welcome, with the server's proof
 *
 * or a refusal instead of any answer. Nothing else may come before the welcome.
 */
import { isMyelinError, MyelinError } from "../../errors.ts";
import { Fields } from "../../framing/fields.ts";
import {
  commonVersion,
  encodePreface,
  formatVersions,
  ownVersions,
  type VersionRange,
} from "../../framing/preface.ts";
import { addFrame, handshakeFrame, handshakeKind, proofField } from "./handshake-frame.ts";
import { type Hello, helloFields, type ResumeRequest } from "./hello.ts";
import {
  keyOfProof,
  nonceBytes,
  type ProofKey,
  type ProofKeys,
  prove,
  Transcript,
} from "./proof.ts";
import { boundedBytes, required } from "./terms.ts";
import { errorOfRefusal, readRefusal, readWelcome, type Welcome } from "./welcome.ts";

export interface ClientHandshakeOptions {
  readonly hello: Hello;
  readonly resume?: ResumeRequest | undefined;
  /** The keys of the secret: with them, a server that does not prove that it has it is refused. */
  readonly keys?: ProofKeys | undefined;
  /** What TLS exports for this connection. */
  readonly channelBinding?: Uint8Array | undefined;
  /** Gives bytes that nobody can guess. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** @defaultValue all that this library speaks */
  readonly versions?: VersionRange | undefined;
}

/** What comes of a preface or a frame. */
export type ClientStep =
  /** Send this, if anything, and read on. */
  | { readonly type: "wait"; readonly send?: Buffer }
  /** The session stands: the next frame belongs to it. */
  | { readonly type: "welcomed"; readonly welcome: Welcome; readonly version: number }
  /**
   * It is over; end the connection. `ERR_REFUSED`, `ERR_AUTHENTICATION`, `ERR_VERSION`,
   * `ERR_PROTOCOL` or `ERR_TOO_LARGE`. `retryAfterMs`: the server would have us again; absent: never.
   */
  | {
      readonly type: "failed";
      readonly error: MyelinError;
      readonly retryAfterMs?: number | undefined;
    };

type State = "preface" | "answer" | "proved" | "no version" | "over";

export class ClientHandshake {
  readonly #options: ClientHandshakeOptions;
  readonly #versions: VersionRange;
  readonly #transcript = new Transcript();
  #state: State = "preface";
  #version = 0;
  /** What the server speaks, which is nothing that we do. */
  #foreign: VersionRange | undefined;

  constructor(options: ClientHandshakeOptions) {
    this.#options = options;
    this.#versions = options.versions ?? ownVersions;
  }

  /**
   * What the client says first. Called once.
   * @throws {MyelinError} `ERR_CONFIG` or `ERR_TOO_LARGE` for a hello that no server would take.
   */
  start(): Buffer {
    const { hello, resume, randomBytes } = this.#options;
    const nonce = randomBytes(nonceBytes);
    const frame = handshakeFrame(handshakeKind.hello, helloFields({ hello, nonce, resume }));
    const first = Buffer.concat([encodePreface(this.#versions), frame]);
    this.#transcript.add(first);
    return first;
  }

  /** The server's preface is there. */
  onPreface(versions: VersionRange): ClientStep {
    this.#transcript.add(encodePreface(versions));
    const isChosen = versions.lowest === versions.highest;
    const version = isChosen ? commonVersion(versions, this.#versions) : undefined;
    // Otherwise it is what the server speaks, and a refusal follows.
    this.#state = version === undefined ? "no version" : "answer";
    this.#version = version ?? 0;
    if (commonVersion(versions, this.#versions) === undefined) this.#foreign = versions;
    return { type: "wait" };
  }

  /** Why no refusal is needed to know that nothing will come of it, after a server's preface. */
  foreignVersion(cause: MyelinError): MyelinError | undefined {
    if (this.#foreign === undefined) return undefined;
    const both = `it speaks ${formatVersions(this.#foreign)}, this client ${formatVersions(this.#versions)}`;
    const message = `the server has no version in common (${both}): ${cause.message}`;
    return new MyelinError("ERR_VERSION", message, { cause });
  }

  /** A frame; the bytes need not stay. */
  onFrame(kind: number, bytes: Buffer, start: number, end: number): ClientStep {
    try {
      return this.#read(kind, bytes.subarray(start, end));
    } catch (error) {
      if (!isMyelinError(error)) throw error;
      return this.#failed(error);
    }
  }

  #read(kind: number, payload: Buffer): ClientStep {
    const state = this.#state;
    if (kind === handshakeKind.refuse && state !== "over") return this.#refused(payload);
    if (kind === handshakeKind.challenge && state === "answer") return this.#challenged(payload);
    if (kind === handshakeKind.welcome && state === "answer") return this.#welcomed(payload);
    if (kind === handshakeKind.welcome && state === "proved") return this.#welcomed(payload);
    throw new MyelinError("ERR_PROTOCOL", `a frame of kind ${kind} is not due in a handshake`);
  }

  #challenged(payload: Buffer): ClientStep {
    const { keys, channelBinding } = this.#options;
    const key = keys?.[0];
    if (key === undefined) {
      throw new MyelinError("ERR_AUTHENTICATION", "the server asks for a secret: pass `secret`");
    }
    const fields = Fields.read(payload);
    const unknown = fields.unknownCritical(challengeKeys);
    if (unknown !== undefined) {
      throw new MyelinError("ERR_VERSION", `the server insists on "${unknown}", unknown here`);
    }
    required(boundedBytes(fields, "nonce", nonceBytes), "nonce");
    const transcript = this.#transcript;
    addFrame(transcript, handshakeKind.challenge, payload);
    const proof = prove(key, { role: "client", transcript, channelBinding });
    const frame = handshakeFrame(handshakeKind.proof, new Fields().setBytes("proof", proof));
    transcript.add(frame);
    this.#state = "proved";
    return { type: "wait", send: frame };
  }

  #welcomed(payload: Buffer): ClientStep {
    const fields = Fields.read(payload);
    const key = this.#options.keys?.[0];
    if (key !== undefined) this.#checkProof(key, payload, fields);
    const welcome = readWelcome(fields);
    const { hello, resume } = this.#options;
    const offered = (names: readonly string[], all: readonly string[]): boolean =>
      names.every((name) => all.includes(name));
    if (!offered(welcome.codecs, hello.codecs) || !offered(welcome.features, hello.features)) {
      throw new MyelinError("ERR_PROTOCOL", "the server agreed to what was not offered");
    }
    if (welcome.received !== undefined && resume === undefined) {
      throw new MyelinError("ERR_PROTOCOL", "the server continues a session of somebody else");
    }
    this.#state = "over";
    return { type: "welcomed", welcome, version: this.#version };
  }

  /** A server that knows the secret has asked for our proof, and gives its own as the last field. */
  #checkProof(key: ProofKey, payload: Buffer, fields: Fields): void {
    const proof = fields.bytes("proof");
    if (this.#state === "proved" && proof !== undefined) {
      const field = proofField(proof);
      const covered = payload.subarray(0, -field.length);
      const transcript = this.#transcript;
      addFrame(transcript, handshakeKind.welcome, covered);
      const { channelBinding } = this.#options;
      const context = { role: "server", transcript, channelBinding } as const;
      const isLast = payload.subarray(covered.length).equals(field);
      if (isLast && keyOfProof([key], proof, context) !== undefined) return;
    }
    throw new MyelinError("ERR_AUTHENTICATION", "the server did not prove that it has the secret");
  }

  #refused(payload: Buffer): ClientStep {
    const refusal = readRefusal(Fields.read(payload));
    const { reason, retryAfterMs, versions } = refusal;
    if (commonVersion(versions, this.#versions) === undefined) {
      return this.#failed(errorOfRefusal({ ...refusal, reason: "version" }, this.#versions));
    }
    if (this.#state === "proved" && reason === "refused" && retryAfterMs === undefined) {
      const text = "the server did not accept the proof: its `secret` is another one";
      return this.#failed(new MyelinError("ERR_AUTHENTICATION", text));
    }
    return this.#failed(errorOfRefusal(refusal, this.#versions), retryAfterMs);
  }

  #failed(error: MyelinError, retryAfterMs?: number): ClientStep {
    this.#state = "over";
    return { type: "failed", error, retryAfterMs };
  }
}

const challengeKeys: ReadonlySet<string> = new Set(["nonce"]);
