/** How much goes into the frames that a peer takes. */
import { limits } from "../../limits.ts";

export interface FrameSizes {
  /** A batch takes no more when it has so many bytes. */
  readonly maxBatchBytes: number;
  /** The longest JSON text, in UTF-16 units, that may join a batch. */
  readonly maxBatchedLength: number;
  /** Bytes of a large message in each of its frames. */
  readonly fragmentBytes: number;
  /** Bytes that the headers of a message may have. */
  readonly maxHeaderBytes: number;
  /** Bytes that the JSON of an error may have. */
  readonly maxErrorBytes: number;
}

/** The head of a message, its headers apart and a long name included, and that of its frame. */
const headBytes = limits.maxNameBytes + 64;
/** The same of an error, which has no name. */
const errorHeadBytes = 64;

export function frameSizes(maxFrameBytes: number, maxMessageBytes: number): FrameSizes {
  // Beside headers there is room for half a frame of data, and for the rest of a head.
  const headerRoom = (maxFrameBytes >> 1) - headBytes;
  const maxHeaderBytes = Math.min(limits.maxHeaderBytes, headerRoom);
  // A unit of text has at most three bytes; and a batch may be overfilled by one message, whose data
  // has a quarter of a batch, whose name is long and who has headers.
  const batchRoom = maxFrameBytes - headBytes - maxHeaderBytes;
  const maxBatchBytes = Math.min(limits.writeChunkBytes, Math.floor((batchRoom * 4) / 15));
  return {
    maxBatchBytes,
    maxBatchedLength: maxBatchBytes >> 2,
    fragmentBytes: Math.min(limits.writeChunkBytes, maxFrameBytes >> 1),
    maxHeaderBytes,
    maxErrorBytes: Math.min(maxFrameBytes - errorHeadBytes, maxMessageBytes),
  };
}
