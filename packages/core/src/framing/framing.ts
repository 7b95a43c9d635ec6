/** Framing: where one message ends and the next begins in a stream of bytes. */

/** Receives whole frames, in order, by direct calls. */
export interface FrameSink<Frame> {
  onFrame(frame: Frame): void;
}

/** Cuts a stream into frames, whatever the pieces it arrives in. */
export interface FrameDecoder {
  /**
   * Takes the next piece of the stream and reports every frame that it completes before returning.
   * The piece is not kept.
   * @throws {MyelinError} `ERR_TOO_LARGE` when a frame exceeds the limit, complete or not. The
   * decoder is of no use afterwards: the stream cannot be followed any further.
   */
  push(chunk: Uint8Array): unknown;
  /** Bytes of the incomplete frame that are held. */
  readonly pendingBytes: number;
  /** Reports no further frame, not even of the piece that is being worked on. */
  stop(): void;
}
