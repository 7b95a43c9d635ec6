/**
 * Which codecs both sides of a session know, and under which numbers they travel: the common ones under
 * their own, and those that were offered and agreed to under 16, 17 and so on, in the order of the
 * agreement. A message that is not in a session yet has the numbers of the registry.
 */
import type { Codec } from "../../codec/codec.ts";
import type { CodecRegistry } from "../../codec/codec-registry.ts";
import { codecId } from "../wire.ts";

const common: readonly number[] = [
  codecId.json,
  codecId.bytes,
  codecId.jsonAndBytes,
  codecId.tagged,
];
const firstAgreed = 16;

export class AgreedCodecs {
  readonly #registry: CodecRegistry;
  readonly #names: readonly string[];
  /** Numbers of the registry by those of the wire, and the other way round. */
  readonly #byWire = new Map<number, number>(common.map((id) => [id, id]));
  readonly #toWire = new Map<number, number>(common.map((id) => [id, id]));

  /** @param names what was agreed to, in the order of the welcome */
  constructor(registry: CodecRegistry, names: readonly string[]) {
    this.#registry = registry;
    this.#names = names;
    for (const [index, name] of names.entries()) {
      const id = registry.byName(name)?.id;
      if (id === undefined) continue;
      this.#byWire.set(firstAgreed + index, id);
      this.#toWire.set(id, firstAgreed + index);
    }
  }

  /** The names that were agreed to. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** The codec of a message that has arrived. */
  ofWire(number: number): Codec | undefined {
    const id = this.#byWire.get(number);
    return id === undefined ? undefined : this.#registry.byId(id);
  }

  /** The number under which a codec travels; undefined when the peer does not read it. */
  toWire(id: number): number | undefined {
    return this.#toWire.get(id);
  }

  /** The number that the registry has for one of the wire. */
  fromWire(number: number): number {
    return this.#byWire.get(number) ?? number;
  }
}
