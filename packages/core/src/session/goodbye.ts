/** The last frame of a connection: why it ends, and how much was said. */
import type { ByteReader } from "../bytes/byte-reader.ts";
import { varintLength, writeVarint } from "../bytes/varint.ts";
import { MyelinError, type MyelinErrorCode } from "../errors.ts";
import { frameHeaderBytes } from "../framing/length-prefix.ts";
import { newFrame } from "./sending/message-frames.ts";
import { frameKind } from "./wire.ts";

/** Whether to come back. */
export type Retry = "never" | "now" | { readonly afterMs: number };

export interface Goodbye {
  /** 0: in order; else why the sender ends the connection. */
  readonly code: number;
  readonly retry: Retry;
  /** Counted frames that the sender has sent, for those who look at the wire, and has received. */
  readonly sent: number;
  readonly received: number;
  readonly text: string;
}

/** What a goodbye can say; the index is its number. */
const codes: readonly (MyelinErrorCode | undefined)[] = [
  undefined,
  "ERR_PROTOCOL",
  "ERR_BAD_FRAME",
  "ERR_TOO_LARGE",
  "ERR_SLOW_PEER",
  "ERR_TIMEOUT",
  "ERR_BUSY",
];
const maxTextBytes = 1024;

/** The number for a failure; what has none of its own counts as a breach of the protocol. */
export function goodbyeCode(code: MyelinErrorCode): number {
  const number = codes.indexOf(code);
  return number === -1 ? 1 : number;
}

export function goodbyeFrame({ code, retry, sent, received, text }: Goodbye): Buffer {
  const bytes = Buffer.from(text.slice(0, maxTextBytes / 3));
  const afterMs = typeof retry === "object" ? retry.afterMs : 0;
  const numbers = varintLength(afterMs) + varintLength(sent) + varintLength(received);
  const frame = newFrame(frameKind.goodbye, 2 + numbers + bytes.length);
  frame[frameHeaderBytes] = code;
  frame[frameHeaderBytes + 1] = retry === "never" ? 0 : retry === "now" ? 1 : 2;
  let at = writeVarint(frame, frameHeaderBytes + 2, afterMs);
  at = writeVarint(frame, at, sent);
  frame.set(bytes, writeVarint(frame, at, received));
  return frame;
}

/** @throws {MyelinError} `ERR_PROTOCOL` */
export function readGoodbye(reader: ByteReader): Goodbye {
  const code = reader.u8();
  const retryNumber = reader.u8();
  const afterMs = reader.varint();
  const sent = reader.varint();
  const received = reader.varint();
  if (retryNumber > 2 || reader.remaining > maxTextBytes) {
    throw new MyelinError("ERR_PROTOCOL", "a goodbye that nobody says");
  }
  const retry: Retry = retryNumber === 0 ? "never" : retryNumber === 1 ? "now" : { afterMs };
  // It ends up in logs, where a line of its own would look like ours.
  const text = reader.text(reader.remaining).replaceAll(/\p{Cc}/gu, " ");
  return { code, retry, sent, received, text };
}

/** What a goodbye that is not in order means here. */
export function goodbyeError({ code, text }: Goodbye): MyelinError | undefined {
  if (code === 0) return undefined;
  return new MyelinError(codes[code] ?? "ERR_PROTOCOL", `the peer ended the connection: ${text}`);
}
