/**
 * The datagrams of a conversation over UDP, as bytes: `docs/protocol-udp.md` has them. What is none of
 * them gives undefined and no error: strangers send what they like, and get no work done for it.
 */
import { asBuffer } from "../../bytes/as-buffer.ts";
import { readPlainVarint, varintLength, writeVarint } from "../../bytes/varint.ts";
import type { Retry } from "../goodbye.ts";

const datagramKind = {
  hello: 0x01,
  challenge: 0x02,
  welcome: 0x03,
  refuse: 0x04,
  events: 0x10,
  ping: 0x20,
  pong: 0x21,
  goodbye: 0x22,
  unknown: 0x23,
} as const;

/** A client asks to come in. Its first hello has no cookie. */
export interface HelloDatagram {
  readonly kind: "hello";
  readonly version: number;
  readonly nonce: Buffer;
  readonly cookie: Buffer | undefined;
}

/** The server wants to see whether the client is where its datagrams say. */
export interface ChallengeDatagram {
  readonly kind: "challenge";
  readonly nonce: Buffer;
  readonly cookie: Buffer;
}

export interface WelcomeDatagram {
  readonly kind: "welcome";
  readonly nonce: Buffer;
  /** In every datagram that follows, both ways: who has not seen it cannot make one up. */
  readonly token: Buffer;
  /** The public name of the conversation. */
  readonly peer: Buffer;
  /** The server forgets a client that it has not heard for so long. */
  readonly idleMs: number;
}

export interface RefuseDatagram {
  readonly kind: "refuse";
  readonly nonce: Buffer;
  readonly reason: number;
  /** The versions that the server speaks. */
  readonly lowest: number;
  readonly highest: number;
  readonly retryAfterMs: number;
}

export interface EventsDatagram {
  readonly kind: "events";
  readonly token: Buffer;
  /** Each datagram of a direction has its own, from 1: it is taken once. */
  readonly number: number;
  readonly entries: Buffer;
}

/** The pong is a copy of its ping. */
export interface PingDatagram {
  readonly kind: "ping" | "pong";
  readonly token: Buffer;
  readonly stamp: number;
}

export interface GoodbyeDatagram {
  readonly kind: "goodbye";
  readonly token: Buffer;
  readonly retry: Retry;
}

/** The server knows nothing of a token: it was started anew, or has forgotten the client. */
export interface UnknownDatagram {
  readonly kind: "unknown";
  readonly token: Buffer;
}

export type Datagram =
  | HelloDatagram
  | ChallengeDatagram
  | WelcomeDatagram
  | RefuseDatagram
  | EventsDatagram
  | PingDatagram
  | GoodbyeDatagram
  | UnknownDatagram;

export const datagramVersion = 1;
export const refuseReason = { version: 1, busy: 2, closing: 3 } as const;

/** Not the first byte of any text. */
const magic = 0x89;
const headerBytes = 3;
export const datagramNonceBytes = 8;
export const datagramTokenBytes = 8;
export const datagramPeerBytes = 12;
export const cookieBytes = 24;
/** A hello is longer than everything that it is answered with, so nobody gets more sent than they send. */
const helloBytes = 64;
const maxRetryMs = 0xffff_ffff;
const nonceEnd = headerBytes + datagramNonceBytes;
const tokenEnd = headerBytes + datagramTokenBytes;

/** What events share a datagram with, at most. */
export const eventsHeadBytes: number = tokenEnd + varintLength(Number.MAX_SAFE_INTEGER);

/** The bytes of a datagram; events come from {@link eventsDatagram}. */
export function datagramBytes(datagram: Exclude<Datagram, EventsDatagram>): Buffer {
  switch (datagram.kind) {
    case "hello": {
      const { cookie, nonce, version } = datagram;
      const parts = [nonce, Buffer.of(cookie?.length ?? 0), cookie ?? Buffer.alloc(0)];
      const bytes = start(datagramKind.hello, parts, helloBytes);
      bytes[1] = version;
      return bytes;
    }
    case "challenge":
      return start(datagramKind.challenge, [datagram.nonce, datagram.cookie]);
    case "welcome": {
      const { idleMs, nonce, peer, token } = datagram;
      return start(datagramKind.welcome, [nonce, token, peer, u32(idleMs)]);
    }
    case "refuse": {
      const { highest, lowest, nonce, reason, retryAfterMs } = datagram;
      const numbers = Buffer.of(reason, lowest, highest);
      return start(datagramKind.refuse, [nonce, numbers, u32(retryAfterMs)]);
    }
    case "ping":
    case "pong":
      return start(datagramKind[datagram.kind], [datagram.token, u32(datagram.stamp)]);
    case "goodbye": {
      const { retry, token } = datagram;
      const afterMs = typeof retry === "object" ? retry.afterMs : 0;
      const number = retry === "never" ? 0 : retry === "now" ? 1 : 2;
      return start(datagramKind.goodbye, [token, Buffer.of(number), u32(afterMs)]);
    }
    case "unknown":
      return start(datagramKind.unknown, [datagram.token]);
  }
}

/** A datagram of events whose entries take `entriesBytes` together. */
export function eventsDatagram(
  token: Uint8Array,
  number: number,
  events: readonly { readonly frame: string | Uint8Array }[],
  entriesBytes: number,
): Buffer {
  const bytes = Buffer.allocUnsafe(tokenEnd + varintLength(number) + entriesBytes);
  putHeader(bytes, datagramKind.events);
  bytes.set(token, headerBytes);
  let at = writeVarint(bytes, tokenEnd, number);
  for (const { frame } of events) {
    bytes.set(frame as Uint8Array, at);
    at += frame.length;
  }
  return bytes;
}

/** What a datagram says; its parts are views. Undefined: it is none of ours. */
export function readDatagram(received: Uint8Array): Datagram | undefined {
  const bytes = asBuffer(received);
  if (bytes.length < tokenEnd || bytes[0] !== magic) return undefined;
  const version = bytes[1] as number;
  const kind = bytes[2] as number;
  // These two are the same in every version: they find out which one both speak.
  if (kind === datagramKind.hello) return readHello(bytes, version);
  if (kind === datagramKind.refuse) return readRefuse(bytes);
  if (version !== datagramVersion) return undefined;
  const token = bytes.subarray(headerBytes, tokenEnd);
  switch (kind) {
    case datagramKind.challenge: {
      if (bytes.length < nonceEnd + cookieBytes) return undefined;
      const cookie = bytes.subarray(nonceEnd, nonceEnd + cookieBytes);
      return { kind: "challenge", nonce: nonceOf(bytes), cookie };
    }
    case datagramKind.welcome:
      return readWelcome(bytes);
    case datagramKind.events: {
      const number = readPlainVarint(bytes, tokenEnd);
      if (number === undefined || number === 0) return undefined;
      const entries = bytes.subarray(tokenEnd + varintLength(number));
      return { kind: "events", token, number, entries };
    }
    case datagramKind.ping:
    case datagramKind.pong: {
      if (bytes.length < tokenEnd + 4) return undefined;
      const name = kind === datagramKind.ping ? "ping" : "pong";
      return { kind: name, token, stamp: bytes.readUInt32LE(tokenEnd) };
    }
    case datagramKind.goodbye: {
      const number = bytes[tokenEnd];
      if (number === undefined || number > 2 || bytes.length < tokenEnd + 5) return undefined;
      const afterMs = bytes.readUInt32LE(tokenEnd + 1);
      const retry = number === 0 ? "never" : number === 1 ? "now" : { afterMs };
      return { kind: "goodbye", token, retry };
    }
    case datagramKind.unknown:
      return { kind: "unknown", token };
    default:
      return undefined;
  }
}

function readHello(bytes: Buffer, version: number): HelloDatagram | undefined {
  const length = bytes[nonceEnd];
  const isWhole = bytes.length >= helloBytes && (length === 0 || length === cookieBytes);
  if (!isWhole && version === datagramVersion) return undefined;
  if (bytes.length < helloBytes) return undefined;
  const hasCookie = isWhole && length === cookieBytes;
  const cookie = hasCookie ? bytes.subarray(nonceEnd + 1, nonceEnd + 1 + cookieBytes) : undefined;
  return { kind: "hello", version, nonce: nonceOf(bytes), cookie };
}

function readRefuse(bytes: Buffer): RefuseDatagram | undefined {
  if (bytes.length < nonceEnd + 7) return undefined;
  return {
    kind: "refuse",
    nonce: nonceOf(bytes),
    reason: bytes[nonceEnd] as number,
    lowest: bytes[nonceEnd + 1] as number,
    highest: bytes[nonceEnd + 2] as number,
    retryAfterMs: bytes.readUInt32LE(nonceEnd + 3),
  };
}

function readWelcome(bytes: Buffer): WelcomeDatagram | undefined {
  const peerAt = nonceEnd + datagramTokenBytes;
  const idleAt = peerAt + datagramPeerBytes;
  if (bytes.length < idleAt + 4) return undefined;
  const idleMs = bytes.readUInt32LE(idleAt);
  // A client that had to say something all the time would be a flood.
  if (idleMs === 0) return undefined;
  return {
    kind: "welcome",
    nonce: nonceOf(bytes),
    token: bytes.subarray(nonceEnd, peerAt),
    peer: bytes.subarray(peerAt, idleAt),
    idleMs,
  };
}

function nonceOf(bytes: Buffer): Buffer {
  return bytes.subarray(headerBytes, nonceEnd);
}

function start(kind: number, parts: readonly Uint8Array[], least = 0): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, headerBytes);
  const bytes = Buffer.alloc(Math.max(least, length));
  putHeader(bytes, kind);
  let at = headerBytes;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function putHeader(bytes: Buffer, kind: number): void {
  bytes[0] = magic;
  bytes[1] = datagramVersion;
  bytes[2] = kind;
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(Math.min(Math.max(0, Math.ceil(value)), maxRetryMs));
  return bytes;
}
