/** What all that leaves a session is given: what the peer granted, and what it shares with the others. */
import type { Clock } from "../../clock.ts";
import type { MyelinError } from "../../errors.ts";
import type { SharedBodies } from "../held-bodies.ts";
import type { NameTable } from "../messages/name-table.ts";
import type { ItemRoom } from "./item-room.ts";
import type { WindowSize } from "./send-window.ts";
import type { WayClock } from "./under-way.ts";

export interface OutboxOptions {
  readonly clock: Clock;
  readonly names: NameTable;
  /** What the peer granted in its hello or welcome. */
  readonly window: WindowSize;
  /** The largest frame that the peer reads. */
  readonly maxFrameBytes: number;
  /** The largest message that it reads, of bytes apart. */
  readonly maxMessageBytes: number;
  /** Large messages that it puts together at once. */
  readonly maxOpenMessages: number;
  readonly items: ItemRoom;
  readonly bodies: SharedBodies;
  readonly way: WayClock;
  /** Keep what was sent until it is acknowledged, to send it again on another connection. */
  readonly keepsSent: boolean;
  /** Something may have left. */
  readonly onPumped: () => void;
  /** The memory of what was to leave is gone: the peer has a part of it, or waits for it. */
  readonly onGone: (error: MyelinError) => void;
}
