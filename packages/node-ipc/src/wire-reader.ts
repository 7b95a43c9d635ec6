/** Turns received bytes into messages, by the parser that the configuration chose. */
import { StringDecoder } from "node:string_decoder";
import { DelimiterDecoder, type FrameSink } from "myelin";
import type { WireParser } from "./defaults.ts";
import { GuardedParser } from "./parser/guarded-parser.ts";
import { Parser } from "./parser/parser.ts";
import { IPCProtocolError } from "./protocol-error.ts";

/** Takes what was read: frames of our own framing, messages of a program's parser. */
interface Receiver extends FrameSink<string> {
  onParsed(message: unknown): void;
}

export interface WireReader {
  push(chunk: Uint8Array): void;
  stop(): void;
  readonly pendingBytes: number;
}

/** The reader of a parser; none for raw bytes. */
export function wireReader(parser: WireParser, receiver: Receiver): WireReader | undefined {
  if (parser.raw) return undefined;
  if (parser instanceof Parser && framesAsWeDo(parser)) {
    const { framing: delimiter, maxMessageSize: maxFrameBytes } = parser;
    return new DelimiterDecoder(receiver, { delimiter, maxFrameBytes });
  }
  return new ParserReader(parser, receiver);
}

function framesAsWeDo(parser: Parser): boolean {
  const { read, push } = Parser.prototype;
  return (
    parser.read === read && (parser.push === push || parser.push === GuardedParser.prototype.push)
  );
}

/** Reads with a program's own parser, which works on text. */
class ParserReader implements WireReader {
  readonly #parser: WireParser;
  readonly #decoder: StringDecoder;
  readonly #receive: (message: unknown) => void;
  #remainder = "";
  #stopped = false;

  constructor(parser: WireParser, receiver: Receiver) {
    this.#parser = parser;
    this.#decoder = new StringDecoder(parser.encoding ?? "utf8");
    this.#receive = (message) => {
      if (!this.#stopped) receiver.onParsed(message);
    };
  }

  get pendingBytes(): number {
    return this.#remainder.length;
  }

  push(chunk: Uint8Array): void {
    if (this.#stopped) return;
    const text = this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#remainder = this.#parser.read(this.#remainder, text, this.#receive) ?? "";
    const { maxMessageSize = Number.POSITIVE_INFINITY } = this.#parser;
    if (this.#remainder.length > maxMessageSize) {
      const message = `a message exceeds maxMessageSize (${maxMessageSize})`;
      throw new IPCProtocolError("ERR_IPC_FRAME_TOO_LARGE", message);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#remainder = "";
  }
}
