/** One message of node-ipc's wire: what goes into it, and what may come out of it. */
import type { JsonEventDecoder } from "../../codec/json-event.ts";
import { MyelinError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import type { Encoded } from "../messages/data-codecs.ts";
import { codecId } from "../wire.ts";

/** @throws {MyelinError} `ERR_NOT_SERIALIZABLE` for what this wire has no word for */
export function jsonOf(encoded: Encoded): string | undefined {
  if (typeof encoded !== "object") return encoded;
  if (encoded.codec === codecId.json) return Buffer.from(encoded.body).toString("utf8");
  const what = "node-ipc's wire carries JSON only, no bytes and no other codec";
  throw new MyelinError("ERR_NOT_SERIALIZABLE", what);
}

/** @throws {MyelinError} `ERR_TOO_LARGE` for a frame of more than `max` bytes */
export function checkFrameSize(frame: string, max: number): void {
  // No character has more than three bytes for each of its units.
  if (frame.length * 3 <= max) return;
  const bytes = Buffer.byteLength(frame);
  if (bytes > max) throw new MyelinError("ERR_TOO_LARGE", `${bytes} bytes exceed ${max}`);
}

/**
 * Reads a message as node-ipc does: a number is a name, too.
 * @throws {MyelinError} `ERR_BAD_FRAME`, `ERR_PROTOCOL`, `ERR_TOO_LARGE`
 */
export function readMessage(
  json: JsonEventDecoder,
  text: string,
): { readonly name: string; readonly data: unknown } {
  let event: unknown;
  try {
    event = json.decode(text);
  } catch (cause) {
    throw new MyelinError("ERR_BAD_FRAME", "a message that is no JSON", { cause });
  }
  const { data, type } = (event ?? {}) as { data?: unknown; type?: unknown };
  const name = typeof type === "number" ? String(type) : type;
  if (typeof name !== "string" || name === "") {
    throw new MyelinError("ERR_PROTOCOL", "a message without a name");
  }
  if (name.length > limits.maxNameBytes) {
    throw new MyelinError("ERR_TOO_LARGE", `a name of ${name.length} characters`);
  }
  return { name, data };
}
