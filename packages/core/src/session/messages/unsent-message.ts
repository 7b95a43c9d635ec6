/**
 * Messages that were accepted and never left, taken out of a session that is over so that they can go
 * into the one after it.
 */
import { ByteReader } from "../../bytes/byte-reader.ts";
import { frameHeaderBytes } from "../../framing/length-prefix.ts";
import type { Message } from "../sending/message-frames.ts";
import type { Outgoing } from "../sending/outgoing.ts";
import { entryKind } from "../wire.ts";
import type { Encoded } from "./data-codecs.ts";
import { type Entry, type NameSource, readEntry } from "./entry-reader.ts";

export interface UnsentEvent {
  readonly kind: "event";
  readonly name: string;
  readonly encoded: Encoded;
  readonly headers: Buffer | undefined;
}

export interface UnsentCall {
  readonly kind: "call";
  /** By which its session knows it. */
  readonly id: number;
  readonly encoded: Encoded;
}

export type UnsentMessage = UnsentEvent | UnsentEvents | UnsentCall;

/** A batch that has nothing else: there may be a million of them, which take little as long as they are in it. */
export interface UnsentEvents {
  readonly kind: "events";
  readonly count: number;
  /** What they take as long as they are packed. */
  readonly bytes: number;
  readonly unpack: () => UnsentEvent[];
}

/** What its head and its data make; nothing for what is of no use in another session. */
export function unsentMessage(entry: Entry, encoded: Encoded): UnsentMessage[] {
  const { abandoned, headers, id, kind, name } = entry;
  if (kind === entryKind.event) return [{ kind: "event", name, encoded, headers }];
  return kind === entryKind.call && !abandoned ? [{ kind: "call", id, encoded }] : [];
}

/** The same, of a message with data of its own. */
export function unsentOfMessage(message: Message, names: NameSource): UnsentMessage[] {
  const { body, codec, entry, isOwn, opening } = message;
  if (opening !== undefined && entry.length === 0) {
    return [{ kind: "call", id: opening.call.id, encoded: { body, codec, isOwn } }];
  }
  const head = readEntry(new ByteReader().reset(entry.bytes), names);
  return unsentMessage(head, { body, codec, isOwn });
}

/** The same, of one that was put into its frame already. */
export function unsentOfFrame({ body, frame }: Outgoing, names: NameSource): UnsentMessage[] {
  const reader = new ByteReader().reset(frame, frameHeaderBytes);
  const head = readEntry(reader, names);
  const codec = reader.u8();
  return unsentMessage(head, { codec, body: body ?? reader.view(reader.remaining), isOwn: true });
}
