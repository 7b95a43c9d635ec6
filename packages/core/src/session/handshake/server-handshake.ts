/**
 * The server's side of `client-handshake.ts`, over bytes and nothing else. What a stranger can make
 * it do grows with what is known of him: a frame of limited size, then the version, then the proof of
 * the secret, and only then is the owner asked (`authorize`), who may take his time and a database's.
 * Until the proof a refusal says nothing but that, and which versions there are.
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
import { type Hello, type ResumeRequest, readHello, unknownInHello } from "./hello.ts";
import {
  keyOfProof,
  nonceBytes,
  type ProofKey,
  type ProofKeys,
  proofBytes,
  prove,
  Transcript,
} from "./proof.ts";
import { agreed, boundedBytes, required } from "./terms.ts";
import {
  codeOfRefusal,
  type Refusal,
  refusalFields,
  type Welcome,
  welcomeFields,
} from "./welcome.ts";

export interface ServerHandshakeOptions {
  /** Registered codecs, by name. */
  readonly codecs: readonly string[];
  readonly features: readonly string[];
  /** The keys of the secret: with them, nobody comes in without a proof. */
  readonly keys?: ProofKeys | undefined;
  /** What TLS exports for this connection. */
  readonly channelBinding?: Uint8Array | undefined;
  /** Gives bytes that nobody can guess. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** @defaultValue all that this library speaks */
  readonly versions?: VersionRange | undefined;
}

/** What comes of a preface or a frame. */
export type ServerStep =
  /** Send this, if anything, and read on. */
  | { readonly type: "wait"; readonly send?: Buffer }
  /** Decide, and call `accept` or `refuse`, at any later time. Meanwhile the client may say nothing. */
  | {
      readonly type: "decide";
      readonly hello: Hello;
      readonly resume?: ResumeRequest | undefined;
      readonly version: number;
    }
  | ServerFailure;

/** It is over: send what there is to send, and end the connection. */
export interface ServerFailure {
  readonly type: "failed";
  readonly error: MyelinError;
  readonly send?: Buffer;
}

/** What the owner lets a client in with; what both sides know is agreed on here. */
export type Admission = Omit<Welcome, "codecs" | "features">;

/** A no. */
export type Rebuff = Omit<Refusal, "versions"> & {
  /** What led to it. It stays on this side. */
  readonly cause?: unknown;
};

type State = "preface" | "hello" | "proof" | "decision" | "over";

export class ServerHandshake {
  readonly #options: ServerHandshakeOptions;
  readonly #versions: VersionRange;
  readonly #transcript = new Transcript();
  #state: State = "preface";
  #version: number | undefined;
  #saidPreface = false;
  #hello: Hello | undefined;
  #resume: ResumeRequest | undefined;
  /** A field on which the client insists in vain; it is told only once it has proven who it is. */
  #unknown: string | undefined;
  /** The key that the client has proven to have. */
  #key: ProofKey | undefined;

  constructor(options: ServerHandshakeOptions) {
    this.#options = options;
    this.#versions = options.versions ?? ownVersions;
  }

  /** The client's preface is there. */
  onPreface(versions: VersionRange): ServerStep {
    this.#transcript.add(encodePreface(versions));
    this.#version = commonVersion(versions, this.#versions);
    if (this.#version === undefined) {
      const text = `the client speaks version ${formatVersions(versions)}`;
      return this.#end({ reason: "version" }, new MyelinError("ERR_VERSION", text));
    }
    this.#state = "hello";
    return { type: "wait" };
  }

  /** A frame; the bytes need not stay. */
  onFrame(kind: number, bytes: Buffer, start: number, end: number): ServerStep {
    try {
      return this.#read(kind, bytes.subarray(start, end));
    } catch (error) {
      if (!isMyelinError(error)) throw error;
      return this.fail(error);
    }
  }

  /**
   * The answer to `decide`: lets the client in. The session stands when these bytes are sent.
   * @throws {MyelinError} `ERR_CLOSED` when there is nothing to decide (any more); `ERR_CONFIG` for a
   * welcome that no client would take.
   */
  accept(admission: Admission): { readonly send: Buffer; readonly welcome: Welcome } {
    const hello = this.#hello;
    if (this.#state !== "decision" || hello === undefined) {
      throw new MyelinError("ERR_CLOSED", "the handshake is over");
    }
    const { codecs, features, channelBinding } = this.#options;
    const welcome: Welcome = {
      ...admission,
      codecs: agreed(hello.codecs, codecs),
      features: agreed(hello.features, features),
    };
    const fields = welcomeFields(welcome);
    if (this.#key !== undefined) {
      const transcript = this.#transcript;
      addFrame(transcript, handshakeKind.welcome, fields.write());
      fields.setBytes("proof", prove(this.#key, { role: "server", transcript, channelBinding }));
    }
    const send = this.#say(handshakeKind.welcome, fields);
    this.#state = "over";
    return { send, welcome };
  }

  /** Sends the client away, at any time before the welcome: also before it has said anything. */
  refuse(refusal: Rebuff): ServerFailure {
    const said = refusal.text === undefined ? "" : `: ${refusal.text}`;
    const text = `the client was refused (${refusal.reason})${said}`;
    const extra = "cause" in refusal ? { cause: refusal.cause } : {};
    return this.#end(refusal, new MyelinError(codeOfRefusal(refusal.reason), text, extra));
  }

  /** Something else went wrong before the welcome: the preface or the framing, say, or time is up. */
  fail(error: MyelinError): ServerFailure {
    // Who has said nothing that we understand does not understand us either.
    if (this.#state === "preface") {
      this.#state = "over";
      return { type: "failed", error };
    }
    const hasLeft = this.#state === "proof" && error.code === "ERR_CONNECTION_LOST";
    const told = hasLeft ? leftWithoutProof(error) : error;
    return this.#end({ reason: "protocol", text: told.message }, told);
  }

  #read(kind: number, payload: Buffer): ServerStep {
    const state = this.#state;
    if (kind === handshakeKind.hello && state === "hello") return this.#greeted(payload);
    if (kind === handshakeKind.proof && state === "proof") return this.#proved(payload);
    throw new MyelinError("ERR_PROTOCOL", `a frame of kind ${kind} is not due in a handshake`);
  }

  #greeted(payload: Buffer): ServerStep {
    const fields = Fields.read(payload);
    const { hello, resume } = readHello(fields);
    this.#hello = hello;
    this.#resume = resume;
    this.#unknown = unknownInHello(fields);
    const transcript = this.#transcript;
    addFrame(transcript, handshakeKind.hello, payload);
    transcript.add(this.#preface());
    if (this.#options.keys === undefined) return this.#decide();
    const nonce = this.#options.randomBytes(nonceBytes);
    const challenge = new Fields().setBytes("nonce", nonce);
    addFrame(transcript, handshakeKind.challenge, challenge.write());
    this.#state = "proof";
    return { type: "wait", send: this.#say(handshakeKind.challenge, challenge) };
  }

  #proved(payload: Buffer): ServerStep {
    const { channelBinding } = this.#options;
    const keys = this.#options.keys ?? [];
    const proof = required(boundedBytes(Fields.read(payload), "proof", proofBytes), "proof");
    if (!payload.equals(proofField(proof))) {
      throw new MyelinError("ERR_PROTOCOL", "a proof has other fields beside it");
    }
    const transcript = this.#transcript;
    this.#key = keyOfProof(keys, proof, { role: "client", transcript, channelBinding });
    if (this.#key === undefined) {
      const text = "the client did not prove that it has the secret";
      return this.#end({ reason: "refused" }, new MyelinError("ERR_AUTHENTICATION", text));
    }
    addFrame(transcript, handshakeKind.proof, payload);
    return this.#decide();
  }

  #decide(): ServerStep {
    if (this.#unknown !== undefined) {
      const text = `the client insists on "${this.#unknown}", unknown here`;
      return this.#end({ reason: "version", text }, new MyelinError("ERR_VERSION", text));
    }
    this.#state = "decision";
    return {
      type: "decide",
      hello: this.#hello as Hello,
      resume: this.#resume,
      version: this.#version as number,
    };
  }

  #end(refusal: Omit<Refusal, "versions">, error: MyelinError): ServerFailure {
    if (this.#state === "over") return { type: "failed", error };
    const { keys } = this.#options;
    const isStranger = keys !== undefined && this.#key === undefined;
    const { retryAfterMs } = refusal;
    const told: Omit<Refusal, "versions"> = isStranger
      ? { reason: "refused", retryAfterMs }
      : refusal;
    const fields = refusalFields({ ...told, versions: this.#versions });
    const send = this.#say(handshakeKind.refuse, fields);
    this.#state = "over";
    return { type: "failed", error, send };
  }

  /** A frame for the client, behind the preface when it is the first. */
  #say(kind: number, fields: Fields): Buffer {
    const frame = handshakeFrame(kind, fields);
    if (this.#saidPreface) return frame;
    this.#saidPreface = true;
    return Buffer.concat([this.#preface(), frame]);
  }

  /** The version that was chosen, or what could have been. */
  #preface(): Buffer {
    const version = this.#version;
    return encodePreface(
      version === undefined ? this.#versions : { lowest: version, highest: version },
    );
  }
}

/** A client without the secret has nothing to answer. */
function leftWithoutProof(cause: MyelinError): MyelinError {
  const text = "the client left when it was asked for the secret";
  return new MyelinError("ERR_AUTHENTICATION", text, { cause });
}
