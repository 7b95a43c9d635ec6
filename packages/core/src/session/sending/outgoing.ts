/** A counted frame on its way out, and what it is worth to those who count. */
export interface Outgoing {
  /** The frame while it may be needed: whole, or what stands before `body`. */
  readonly frame: Buffer;
  /** The rest of a large one. It stays where it is and is not changed until it is acknowledged. */
  readonly body: Uint8Array | undefined;
  /** All of the message that `body` is a part of, where it is one. */
  readonly whole?: Uint8Array | undefined;
  /** Those of them of which the memory budget is told while they are kept. */
  readonly borrowedBytes?: number;
  /** Bytes of both, as they were when it was made. */
  readonly length: number;
  /** Events in it, whole ones. */
  readonly events: number;
  /** There is nothing else in it. */
  readonly isEvents: boolean;
  /** Call openings in it, whole ones. */
  readonly calls: number;
  /** Numbers of the names that it uses and that the peer must have been told. */
  readonly names: readonly number[];
  /** Counts what was accepted, in order; 0 for what nobody waits for. */
  readonly serial: number;
  /** The same of others that leave with it. */
  readonly joined?: readonly number[] | undefined;
  /** What is left of its number waits still. */
  readonly isPart?: boolean;
  /** It is of a stream: what a stream has under way leaves other messages their room. */
  isOfStream?: boolean;
  /** Its number among the counted frames of the session; 0 until it has left. */
  number: number;
  /** It is being handed to a connection. */
  left(): void;
  /** Drops the frame: it has left and will not be sent again. */
  forgetFrame(): void;
}
