/** What sources of streams have given when there was no room for it. */
import { HeldBodies, isShared } from "../held-bodies.ts";
import type { EncodedItem } from "./items.ts";

export interface KeptItem {
  readonly bytes: number;
  /** It is not copied, and others may give the same: it counts once. */
  readonly shared: Uint8Array | undefined;
}

/** What was given is no item, or not known to be one. */
export const noItem: KeptItem = { bytes: 0, shared: undefined };

export function keptItem(item: EncodedItem): KeptItem {
  if (typeof item === "string") return { bytes: item.length, shared: undefined };
  const { body } = item;
  return { bytes: body.length, shared: isShared(body) ? body : undefined };
}

export class KeptItems {
  readonly #bodies = new HeldBodies();
  #bytes = 0;
  /** Those who have any of it, where it is of several. */
  keepers = 0;

  get bytes(): number {
    return this.#bytes + this.#bodies.bytes;
  }

  /** What it would be with one more. */
  bytesWith({ bytes, shared }: KeptItem): number {
    return this.bytes + (shared !== undefined && this.#bodies.has(shared) ? 0 : bytes);
  }

  keep({ bytes, shared }: KeptItem): void {
    if (shared === undefined) this.#bytes += bytes;
    else this.#bodies.add(shared);
  }

  letGo({ bytes, shared }: KeptItem): void {
    if (shared === undefined) this.#bytes -= bytes;
    else this.#bodies.remove(shared.buffer);
  }
}
