import { Defaults } from "../defaults.ts";

/** Bytes as they are: no messages, no framing. */
export class RawParser {
  readonly profile: string = "raw";
  readonly raw: boolean = true;
  readonly encoding: BufferEncoding;

  constructor(config: Partial<Defaults> = new Defaults()) {
    this.encoding = config.encoding ?? "utf8";
  }

  /** A Buffer as it is, text by the configured encoding, or a list of bytes. */
  encode(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    if (typeof value === "string") return Buffer.from(value, this.encoding);
    return Buffer.from(value as readonly number[]);
  }

  format(value: unknown): Uint8Array {
    return this.encode(value);
  }

  read(remainder: string, data: string, receive: (data: never) => void): string {
    receive(data as never);
    return remainder;
  }

  parse(data: unknown): unknown[] {
    return [data];
  }

  decode(data: unknown): unknown {
    return data;
  }
}
