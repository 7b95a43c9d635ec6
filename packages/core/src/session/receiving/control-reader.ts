/** Acts on the frames that concern the connection and not what is said over it. */
import type { ByteReader } from "../../bytes/byte-reader.ts";
import { type Goodbye, readGoodbye } from "../goodbye.ts";
import type { Liveness } from "../liveness.ts";
import type { Outbox } from "../sending/outbox.ts";
import { frameKind } from "../wire.ts";
import type { Acknowledging } from "./acknowledging.ts";

export interface ControlReaderOptions {
  readonly acknowledging: Acknowledging;
  readonly liveness: Liveness;
  readonly outbox: Outbox;
  readonly onGoodbye: (goodbye: Goodbye) => void;
}

export class ControlReader {
  readonly #options: ControlReaderOptions;

  constructor(options: ControlReaderOptions) {
    this.#options = options;
  }

  /** @throws {MyelinError} `ERR_PROTOCOL` */
  read(kind: number, reader: ByteReader): void {
    const { acknowledging, liveness, onGoodbye, outbox } = this.#options;
    switch (kind) {
      case frameKind.ping:
        // Whoever asks wants to know what has arrived, too.
        acknowledging.now();
        outbox.control.pong(reader.view(reader.remaining));
        outbox.touch();
        break;
      case frameKind.pong:
        liveness.pong(reader.view(reader.remaining));
        break;
      case frameKind.ack:
        outbox.arrived(reader.varint());
        outbox.settle(reader.varint(), reader.varint());
        break;
      case frameKind.goodbye:
        onGoodbye(readGoodbye(reader));
        break;
    }
  }
}
