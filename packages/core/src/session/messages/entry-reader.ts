/** Reads the heads of messages, as a peer wrote them. */
import type { ByteReader } from "../../bytes/byte-reader.ts";
import { MyelinError } from "../../errors.ts";
import { callType, entryKind, payload, ranCode, tagBits } from "../wire.ts";

/** Knows what the numbers of names stand for. */
export interface NameSource {
  /** Reads the name of a message. @throws {MyelinError} `ERR_PROTOCOL` */
  read(reader: ByteReader): string;
}

/** The head of one message. Which fields mean something depends on its kind. */
export interface Entry {
  kind: number;
  /** Where its data is: one of `payload`. */
  data: number;
  /** Not to be acted on. */
  abandoned: boolean;
  /** The id of the call; 0 for events. */
  id: number;
  /** Events and calls. */
  name: string;
  /** A call's type; an error's code; a cancel's reason. */
  detail: number;
  /** A call's time limit in milliseconds, 0 for none; whether the handler ran, for an error. */
  amount: number;
  /** The credit of a stream: absolute, in bytes. */
  credit: number;
  /** Fields of the head, when it has any: trace context. */
  headers: Buffer | undefined;
}

/** A slot is an id and a little more, and must be a varint, too. */
const maxId = 2 ** 52 - 1;
const lastCancelReason = 1;

/** @throws {MyelinError} `ERR_PROTOCOL` when it is none. */
export function readEntry(reader: ByteReader, names: NameSource): Entry {
  const tag = reader.u8();
  const entry: Entry = {
    kind: tag & tagBits.kind,
    data: tag & tagBits.payload,
    abandoned: (tag & tagBits.abandoned) !== 0,
    id: 0,
    name: "",
    detail: 0,
    amount: 0,
    credit: 0,
    headers: undefined,
  };
  if (entry.data === tagBits.payload) throw broken("a message has data of an unknown kind");
  switch (entry.kind) {
    case entryKind.event:
      entry.name = names.read(reader);
      break;
    case entryKind.call:
      readCall(reader, names, entry);
      break;
    case entryKind.error:
      entry.id = readId(reader);
      entry.detail = reader.u8();
      entry.amount = reader.u8();
      if (entry.amount > ranCode.yes) throw broken("an error does not say whether the call ran");
      break;
    case entryKind.cancel:
      entry.id = readId(reader);
      entry.detail = reader.u8();
      if (entry.detail > lastCancelReason) throw broken("a cancel for an unknown reason");
      break;
    case entryKind.credit:
      entry.id = readId(reader);
      entry.credit = reader.varint();
      break;
    case entryKind.result:
    case entryKind.item:
    case entryKind.end:
    case entryKind.fail:
    case entryKind.stop:
      entry.id = readId(reader);
      break;
    default:
      throw broken(`a message of kind ${entry.kind}`);
  }
  if (entry.data !== payload.none && !mayHaveData(entry.kind))
    throw broken("data where none belongs");
  if (entry.abandoned && entry.kind !== entryKind.call)
    throw broken("only a call can be abandoned");
  if ((tag & tagBits.headers) !== 0) entry.headers = Buffer.from(reader.view(reader.varint()));
  return entry;
}

function readCall(reader: ByteReader, names: NameSource, entry: Entry): void {
  entry.id = readId(reader);
  entry.detail = reader.u8();
  entry.name = names.read(reader);
  entry.amount = reader.varint();
  if (entry.detail > callType.duplex) throw broken(`a call of type ${entry.detail}`);
  const hasItems = entry.detail === callType.stream || entry.detail === callType.duplex;
  if (hasItems) entry.credit = reader.varint();
}

function readId(reader: ByteReader): number {
  const id = reader.varint();
  if (id === 0 || id > maxId) throw broken(`${id} is no id of a call`);
  return id;
}

function mayHaveData(kind: number): boolean {
  return (
    kind !== entryKind.cancel &&
    kind !== entryKind.credit &&
    kind !== entryKind.end &&
    kind !== entryKind.stop
  );
}

function broken(what: string): MyelinError {
  return new MyelinError("ERR_PROTOCOL", what);
}

/** Events and calls are under the window; what belongs to a call is not. */
export function isWindowed({ kind }: Entry): boolean {
  return kind === entryKind.event || kind === entryKind.call;
}

/** It carries nothing of a user's, and is no message to those who count them. */
export function isControl({ kind }: Entry): boolean {
  return kind === entryKind.cancel || kind === entryKind.stop || kind === entryKind.credit;
}
