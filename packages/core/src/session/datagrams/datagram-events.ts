/**
 * The events of a datagram: one entry each, at least one, until its end.
 *
 *     varint length of the name, 1 to 256; the name
 *     u8 codec; 0: no data, and a length of 0
 *     varint length of the data; the data
 */
import { ByteReader } from "../../bytes/byte-reader.ts";
import { varintLength, writeVarint } from "../../bytes/varint.ts";
import { MyelinError } from "../../errors.ts";
import type { Encoded } from "../messages/data-codecs.ts";
import { readName } from "../messages/name-book.ts";
import { codecId } from "../wire.ts";

/** No codec has this number: there is nothing to decode. */
const noData = 0;

/** One event, as it goes into a datagram. */
export function eventEntry(name: Uint8Array, encoded: Encoded): Buffer {
  const isText = typeof encoded === "string";
  const length = isText ? Buffer.byteLength(encoded) : (encoded?.body.length ?? 0);
  const head = varintLength(name.length) + name.length + 1 + varintLength(length);
  const entry = Buffer.allocUnsafe(head + length);
  let at = writeVarint(entry, 0, name.length);
  entry.set(name, at);
  at += name.length;
  entry[at] = isText ? codecId.json : (encoded?.codec ?? noData);
  at = writeVarint(entry, at + 1, length);
  if (isText) entry.write(encoded, at, "utf8");
  else if (encoded !== undefined) entry.set(encoded.body, at);
  return entry;
}

/** An event that arrived. Its body is a view of the datagram; the codec is undefined without data. */
export interface ArrivedEvent {
  readonly name: string;
  readonly codec: number | undefined;
  readonly body: Buffer;
  /** Of all of it, as it was written. */
  readonly bytes: number;
}

/**
 * Reads all entries: a datagram is taken whole or not at all.
 * @throws {MyelinError} `ERR_PROTOCOL`
 */
export function readEvents(entries: Buffer): ArrivedEvent[] {
  const reader = new ByteReader().reset(entries);
  const events: ArrivedEvent[] = [];
  if (reader.remaining === 0) throw new MyelinError("ERR_PROTOCOL", "a datagram without an event");
  while (reader.remaining > 0) {
    const start = reader.position;
    const name = readName(reader, reader.varint());
    const codec = reader.u8();
    const body = reader.view(reader.varint());
    if (codec === noData && body.length > 0) {
      throw new MyelinError("ERR_PROTOCOL", "an event has data, and no codec");
    }
    const bytes = reader.position - start;
    events.push({ name, codec: codec === noData ? undefined : codec, body, bytes });
  }
  return events;
}
