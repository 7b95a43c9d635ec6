/**
 * A long body on its way in: written, as it arrives, to where it will be handed out from, instead of
 * being put together as a frame first and copied then.
 */
import { ByteReader } from "../../bytes/byte-reader.ts";
import { isMyelinError } from "../../errors.ts";
import { type Entry, type NameSource, readEntry } from "../messages/entry-reader.ts";
import { codecId, frameKind } from "../wire.ts";
import type { Assembly } from "./assembly.ts";

/** Bytes of one message that has a frame to itself. */
interface ArrivingMessage {
  readonly kind: typeof frameKind.message;
  readonly entry: Entry;
  readonly body: Buffer;
  readonly payloadBytes: number;
}

/** A part of a message in pieces. */
interface ArrivingFragment {
  readonly kind: typeof frameKind.fragment;
  readonly slot: number;
  readonly part: Buffer;
  readonly payloadBytes: number;
}

export type ArrivingBody = ArrivingMessage | ArrivingFragment;

export class BodyPlaces {
  readonly #names: NameSource;
  readonly #assemblies: ReadonlyMap<number, Assembly>;
  readonly #reader = new ByteReader();

  constructor(names: NameSource, assemblies: ReadonlyMap<number, Assembly>) {
    this.#names = names;
    this.#assemblies = assemblies;
  }

  /**
   * Looks at the beginning of a frame. What is wrong with it, or incomplete, is left to those who read
   * the frame when it is whole.
   * @returns where its body goes; undefined when it has none that can be written anywhere
   */
  begin(
    kind: number,
    bytes: Buffer,
    start: number,
    end: number,
    payloadBytes: number,
  ): ArrivingBody | undefined {
    if (kind !== frameKind.message && kind !== frameKind.fragment) return undefined;
    const reader = this.#reader.reset(bytes, start, end);
    try {
      return kind === frameKind.message
        ? this.#message(reader, start, payloadBytes)
        : this.#fragment(reader, start, payloadBytes);
    } catch (error) {
      if (!isMyelinError(error)) throw error;
      return undefined;
    } finally {
      reader.clear();
    }
  }

  #message(reader: ByteReader, start: number, payloadBytes: number): ArrivingBody | undefined {
    const entry = readEntry(reader, this.#names);
    // Other codecs read their bytes once, from wherever these are.
    if (reader.u8() !== codecId.bytes) return undefined;
    const body = Buffer.allocUnsafeSlow(payloadBytes - (reader.position - start));
    return { kind: frameKind.message, entry, body, payloadBytes };
  }

  #fragment(reader: ByteReader, start: number, payloadBytes: number): ArrivingBody | undefined {
    const slot = reader.varint();
    const assembly = this.#assemblies.get(slot);
    const part = assembly?.reserve(payloadBytes - (reader.position - start));
    return part === undefined ? undefined : { kind: frameKind.fragment, slot, part, payloadBytes };
  }
}
