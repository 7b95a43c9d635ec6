/** What a conversation is told of an event that is encoded already. */
export interface EventPast {
  /** Many get it: that one of them has no room is no error of whoever sends it. */
  readonly isForMany?: boolean;
  /** Tools have heard of it. */
  readonly isTold?: boolean;
  /** Since when it has waited, by the clock of the conversation. @defaultValue it has not */
  readonly since?: number;
}

/**
 * What a peer speaks through, whatever the wire below: a session of the myelin wire, or one of the
 * dialects that have events only, where `open` throws `ERR_UNSUPPORTED` and `flush` means that the
 * system has taken the bytes.
 */
import type { MyelinError } from "../errors.ts";
import type { CallOpening } from "./calls/call-opening.ts";
import type { CloseOptions } from "./farewell.ts";
import type { DataOptions, Encoded } from "./messages/data-codecs.ts";
import type { SessionStats } from "./session-options.ts";

export interface Conversation {
  /** Less waits than the high-water mark allows. */
  readonly hasRoom: boolean;
  /** What it has counted so far. */
  stats(): SessionStats;
  /** Handlers are in place: what has arrived meanwhile is handed on, then everything as it comes. */
  release(): void;
  /**
   * Sends an event.
   * @param codec how the data is written
   * @param headers what goes into its head
   * @returns false when over the high-water mark: accepted, and its owner is told of room.
   * @throws {MyelinError} when it is not accepted.
   */
  event(
    name: string,
    data: unknown,
    codec?: string,
    options?: DataOptions,
    headers?: Buffer,
  ): boolean;
  /** As {@link event}, of data that was encoded before. */
  encodedEvent(name: string, encoded: Encoded, headers?: Buffer, past?: EventPast): boolean;
  /** Its owner is told (`tellDrain`) as soon as there is room. */
  awaitRoom(): void;
  /**
   * Runs what sends messages that were accepted before: no limit of what may wait holds for them, be it
   * in bytes or in calls.
   */
  catchUp(run: () => void): void;
  /** Opens a call; as `Calling.open`. */
  open(opening: CallOpening): void;
  /**
   * Resolves when everything that was accepted before has arrived, as far as this wire can tell.
   * @returns false when it ended before, and what had not arrived had not left and goes elsewhere
   * @throws {MyelinError} `ERR_UNDELIVERED` when it ended before.
   */
  flush(): Promise<boolean>;
  /**
   * Ends it in order, as this wire can.
   * @throws {MyelinError} `ERR_UNDELIVERED` when that did not happen in time.
   */
  close(options: CloseOptions): Promise<void>;
  /** Ends it now. What is under way is lost, and those who wait for it are told. */
  abort(error?: MyelinError): void;
}
