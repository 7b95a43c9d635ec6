/** The configuration of an instance: node-ipc's keys and their defaults, plain and changeable. */

import type { LookupFunction } from "node:net";
import os from "node:os";
import type { TlsOptions } from "myelin";

/** What `config.tls` may hold: node-ipc's own keys beside every option of `node:tls`. */
export interface TlsConfig extends Omit<TlsOptions, "dhparam"> {
  private?: string;
  public?: string;
  trustedConnections?: string | string[];
  dhparam?: string | Uint8Array;
}

/** What a custom parser must offer, as in node-ipc 14. */
export interface WireParser {
  readonly profile?: string;
  readonly raw?: boolean;
  readonly encoding?: BufferEncoding;
  readonly maxPendingBytes?: number;
  readonly maxMessageSize?: number;
  readonly messageTimeout?: number;
  encode(type: unknown, data?: unknown): string | Uint8Array;
  read(remainder: string, data: string, receive: (message: unknown) => void): string;
}

export type ParserChoice =
  | "raw"
  | "fast"
  | "guarded"
  | "assured"
  | WireParser
  | (new (
      config: Defaults,
    ) => WireParser);

const mebibyte = 1024 * 1024;

/** The largest message of the default profile: one of 64 MiB must pass, with its escapes. */
export const defaultMaxMessageSize: number = 128 * mebibyte;
export const defaultMaxPendingBytes: number = 64 * mebibyte;
export const defaultMaxEventNameLength = 4096;
export const defaultMessageTimeout = 0;
export const defaultSocketRoot = "/tmp/";

/** A fresh configuration; every key is an own property, so that it can be spread and compared. */
export class Defaults {
  appspace = "app.";
  socketRoot: string = defaultSocketRoot;
  id: string = os.hostname();

  encoding: BufferEncoding = "utf8";
  rawBuffer = false;
  parser: ParserChoice | undefined = "fast";
  sync = false;
  unlink = true;
  identifyPeer = true;
  legacyPayloads = false;

  delimiter = "\f";
  maxMessageSize: number = defaultMaxMessageSize;
  maxPendingBytes: number = defaultMaxPendingBytes;
  maxEventNameLength: number = defaultMaxEventNameLength;
  messageTimeout: number = defaultMessageTimeout;
  allowReservedEvents = false;
  allowedEvents: readonly string[] | Set<string> | false = false;

  offline: "queue" | "drop" | "reject" = "queue";
  maxQueueBytes: number = 8 * mebibyte;
  maxQueueMessages = 10_000;

  silent = false;
  logPayloads = false;
  logDepth = 5;
  logInColor = true;
  logger: (message: string) => void = console.log.bind(console);

  maxConnections = 100;
  retry = 500;
  maxRetries: number | boolean = Number.POSITIVE_INFINITY;
  stopRetrying: number | boolean = false;

  // Constants: asking the machine for its interfaces throws in sandboxes and on some phones.
  IPType = "IPv4";
  tls: TlsConfig | false = false;
  networkHost = "127.0.0.1";
  networkPort = 8000;

  readableAll = false;
  writableAll = false;
  secureSocketRoot = false;

  interface: {
    localAddress?: string | false;
    localPort?: number | false;
    family?: number | false;
    hints?: number | false;
    lookup?: LookupFunction | false;
  } = { localAddress: false, localPort: false, family: false, hints: false, lookup: false };
}
