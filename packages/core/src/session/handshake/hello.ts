/** The client's first frame: who it is, what it can do, and which session it wants to go on with. */
import { MyelinError } from "../../errors.ts";
import { Fields } from "../../framing/fields.ts";
import { nonceBytes } from "./proof.ts";
import {
  boundedBytes,
  checkOwn,
  required,
  setTerms,
  shortText,
  type Terms,
  termsKeys,
  termsOf,
} from "./terms.ts";

/** What a client says of itself, as `authorize` sees it: claims, of which nothing is proven. */
export interface Hello extends Terms {
  /** Whatever the application wants to tell. */
  readonly meta: Readonly<Record<string, string>>;
  /** How long it keeps a session whose connection broke; absent: as long as the server does. */
  readonly resumeWindowMs?: number | undefined;
}

/** The wish to continue a session. Not part of {@link Hello}: whoever has the token has the session. */
export interface ResumeRequest {
  /** The id that the server gave to the client's session. */
  readonly session: string;
  /** What the last welcome brought. */
  readonly token: Uint8Array;
  /** Counted frames that were received in the session so far. */
  readonly received: number;
}

/** Everything in the frame. */
export interface HelloFrame {
  readonly hello: Hello;
  readonly nonce: Uint8Array;
  readonly resume?: ResumeRequest | undefined;
}

/** 128 bits that cannot be guessed, at least. */
export const tokenBytes = { least: 16, most: 64 } as const;

const knownKeys: ReadonlySet<string> = new Set([
  ...termsKeys,
  "nonce",
  "meta",
  "resume-window",
  "session",
  "token",
  "received",
]);

/** @throws {MyelinError} `ERR_CONFIG` when it could not be read. */
export function helloFields({ hello, nonce, resume }: HelloFrame): Fields {
  const fields = new Fields().setBytes("nonce", nonce);
  setTerms(fields, hello);
  const meta = Object.entries(hello.meta);
  if (meta.length > 0) fields.setTexts("meta", meta.flat());
  if (hello.resumeWindowMs !== undefined) fields.setNumber("resume-window", hello.resumeWindowMs);
  if (resume !== undefined) {
    fields.setText("session", resume.session);
    fields.setBytes("token", resume.token);
    fields.setNumber("received", resume.received);
  }
  checkOwn(() => readHello(fields));
  return fields;
}

/** @throws {MyelinError} `ERR_PROTOCOL`. */
export function readHello(fields: Fields): HelloFrame {
  const resume = resumeOf(fields);
  const resumeWindowMs = fields.number("resume-window");
  return {
    hello: {
      ...termsOf(fields),
      meta: metaOf(fields),
      ...(resumeWindowMs === undefined ? {} : { resumeWindowMs }),
    },
    nonce: required(boundedBytes(fields, "nonce", nonceBytes), "nonce"),
    ...(resume === undefined ? {} : { resume }),
  };
}

/** A field that the client insists on and that is not known here. */
export function unknownInHello(fields: Fields): string | undefined {
  return fields.unknownCritical(knownKeys);
}

function metaOf(fields: Fields): Record<string, string> {
  const texts = fields.texts("meta") ?? [];
  // Without a prototype: a key is a key, `__proto__` too.
  const meta = Object.create(null) as Record<string, string>;
  for (let index = 0; index < texts.length; index += 2) {
    const [key = "", value] = texts.slice(index, index + 2);
    if (value === undefined || key in meta) {
      throw new MyelinError("ERR_PROTOCOL", "`meta` is no list of keys and values");
    }
    meta[key] = value;
  }
  return meta;
}

function resumeOf(fields: Fields): ResumeRequest | undefined {
  const session = shortText(fields, "session");
  const token = boundedBytes(fields, "token", tokenBytes.least, tokenBytes.most);
  const received = fields.number("received");
  if (session !== undefined && token !== undefined && received !== undefined) {
    return { session, token, received };
  }
  if (session === undefined && token === undefined && received === undefined) return undefined;
  throw new MyelinError("ERR_PROTOCOL", "a session to go on with is told in part only");
}
