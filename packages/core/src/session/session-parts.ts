/** What a session is made of, put together. */
import type { Tick } from "../bytes/tick.ts";
import type { MyelinError } from "../errors.ts";
import { Calling } from "./calls/calling.ts";
import { Deadlines } from "./calls/deadlines.ts";
import { Serving } from "./calls/serving.ts";
import { Farewell } from "./farewell.ts";
import type { Goodbye, Retry } from "./goodbye.ts";
import type { SharedBodies } from "./held-bodies.ts";
import { Holdings } from "./holdings.ts";
import { Liveness } from "./liveness.ts";
import { DataCodecs } from "./messages/data-codecs.ts";
import { Acknowledging } from "./receiving/acknowledging.ts";
import { ControlReader } from "./receiving/control-reader.ts";
import { EventDispatch } from "./receiving/dispatch.ts";
import { Inbox } from "./receiving/inbox.ts";
import { Intake, type IntakeOwner } from "./receiving/intake.ts";
import { MessageRouter } from "./receiving/message-router.ts";
import { ProgressWatch } from "./receiving/progress-watch.ts";
import { ItemRoom } from "./sending/item-room.ts";
import { Outbox } from "./sending/outbox.ts";
import { Sending } from "./sending/sending.ts";
import { SlowPeer } from "./sending/slow-peer.ts";
import type { SessionOptions } from "./session-options.ts";
import { InboundItems } from "./streams/inbound-items.ts";

/** What the parts tell the session that they are of. */
export interface SessionHooks extends IntakeOwner {
  readonly isConnected: () => boolean;
  /** Something may have left. */
  readonly onProgress: () => void;
  /** The handler of an event or call has settled. */
  readonly onSettled: () => void;
  readonly onGoodbye: (goodbye: Goodbye) => void;
  /** More is held for the peer than there is memory for. */
  readonly onTooMuch: (error: MyelinError) => void;
  /** What was accepted cannot be sent any more. */
  readonly onGone: (error: MyelinError) => void;
  /** The calls of both sides that have not finished never will. */
  readonly giveUpCalls: () => void;
  /** Says goodbye, in order. @returns false when there is no connection */
  readonly say: (retry: Retry) => boolean;
  readonly finish: (error: MyelinError | undefined) => void;
  /** The same, and the peer is told why. */
  readonly cut: (error: MyelinError, retry: Retry) => void;
}

export interface SessionParts<Peer> {
  readonly intake: Intake;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly codecs: DataCodecs;
  readonly deadlines: Deadlines;
  readonly calling: Calling;
  readonly serving: Serving<Peer>;
  readonly acknowledging: Acknowledging;
  readonly holdings: Holdings;
  readonly progressWatch: ProgressWatch;
  readonly sending: Sending;
  readonly liveness: Liveness;
  readonly farewell: Farewell;
}

/** None of the hooks is called before it has returned. */
export function sessionParts<Peer>(
  options: SessionOptions<Peer>,
  tick: Tick,
  hooks: SessionHooks,
): SessionParts<Peer> {
  const { budget, clock, handlers, names, ours, owner, peer, side, theirs } = options;
  const deadlines = new Deadlines(clock);
  const now = (): number => clock.now();
  const roundTripMs = (): number | undefined => liveness.roundTripMs;
  const bodies: SharedBodies = {
    borrow: (body) => holdings.bodies.borrow(body),
    giveBack: (body) => holdings.bodies.giveBack(body),
  };
  const outbox = new Outbox({
    clock,
    names,
    window: theirs.window,
    maxFrameBytes: theirs.maxFrameBytes,
    maxMessageBytes: theirs.maxMessageBytes,
    maxOpenMessages: theirs.maxOpenMessages,
    items: new ItemRoom({
      ...{ bodies, clock },
      allKept: budget.kept,
      maxKeptBytes: budget.maxBytes,
      // In a small budget there must be room for other things.
      plentyBytes: Math.min(options.highWaterMarkBytes, budget.maxBytes / 16),
      underWayBytes: () => outbox.underWayBytes,
      maxBytes: () => holdings.maxQueuedBytes,
      onMore: () => holdings.check(),
    }),
    bodies,
    way: { now, roundTripMs },
    keepsSent: options.isResumable,
    onPumped: hooks.onProgress,
    onGone: hooks.onGone,
  });
  const codecs = new DataCodecs({
    registry: options.registry,
    agreed: options.codecs,
    rejectProtoKeys: options.rejectProtoKeys,
    maxMessageBytes: theirs.maxMessageBytes,
    maxBinaryBytes: theirs.maxBinaryBytes,
    maxBatchedLength: outbox.sizes.maxBatchedLength,
  });
  const isHeldBack = (): boolean => holdings.isHeldBack();
  const { maxStreamWindowBytes } = options;
  const items = new InboundItems({
    ...{ ours, maxStreamWindowBytes, isHeldBack },
    parsed: budget.parsed,
    shareBytes: () => budget.share,
    onFreed: () => holdings.freed(),
    ...{ clock, roundTripMs },
  });
  const shared = { clock, codecs, deadlines, items, outbox };
  const calling = new Calling({
    ...shared,
    peer,
    names,
    firstId: side === "client" ? 1 : 2,
    uploadCredit: theirs.streamWindowBytes,
    admit: (input) => sending.admitCall(input),
    checkOpen: () => sending.checkOpen(),
    cancelGraceMs: options.cancelGraceMs,
  });
  const events = new EventDispatch(peer, handlers, owner);
  const serving = new Serving<Peer>({
    ...shared,
    events,
    peer,
    handlers,
    maxInboundCalls: options.maxInboundCalls,
    cancelGraceMs: options.cancelGraceMs,
    firstId: side === "client" ? 2 : 1,
    errors: options.errors,
    admitsAnswer: (encoded) => sending.admitsAnswer(encoded),
  });
  const router = new MessageRouter({
    peer,
    calling,
    serving,
    events,
    outbox,
    onControl: (kind, reader) => control.read(kind, reader),
    onSettled: hooks.onSettled,
  });
  const inbox = new Inbox(router, {
    ...ours,
    get maxStreams() {
      // What was accepted before this session may be more.
      return options.maxInboundCalls + Math.max(options.maxPendingCalls, calling.pending);
    },
    now,
    onOpening: () => progressWatch.watch(),
    decode: (codec, body, isOwn) => codecs.decode(codec, body, isOwn),
    maxHeaderBytes: options.maxHeaderBytes,
    rejectProtoKeys: options.rejectProtoKeys,
  });
  const intake = new Intake(tick, inbox, ours.maxFrameBytes, hooks);
  const acknowledging = new Acknowledging({ clock, inbox, isHeldBack, outbox }, ours.window);
  const progressWatch = new ProgressWatch({
    clock,
    oldestProgress: () => inbox.assemblies.oldestProgress,
    timeoutMs: options.messageProgressTimeoutMs,
    isHeldUp: () => acknowledging.isHalfUsed,
    excuse: () => inbox.assemblies.excuseWindowed(),
    onStalled: (error) => hooks.onBroken(error),
  });
  const holdings = new Holdings({
    ...{ budget, calling, clock, inbox, intake, items, outbox, serving },
    maxQueuedBytes: options.maxQueuedBytes,
    maxDetachedBytes: options.resumeBufferBytes,
    isConnected: hooks.isConnected,
    onTooMuch: hooks.onTooMuch,
    onEased: () => acknowledging.now(),
    onRoom: () => sending.roomier(),
    onChange: (bytes) => owner.tellHeld?.(bytes),
  });
  const slowPeer = new SlowPeer({
    policy: options.slowPeer,
    holdings,
    highWaterMarkBytes: options.highWaterMarkBytes,
    queue: outbox,
    waitingBytes: () => outbox.waitingBytes + outbox.sent.overdueBytes,
    onDropped: (events, bytes) => owner.tellDropped(events, bytes),
    onTooSlow: hooks.onTooMuch,
  });
  const sending = new Sending({
    ...{ calling, holdings, names, outbox, peer, slowPeer },
    maxPendingCalls: options.maxPendingCalls,
    onDrain: () => owner.tellDrain(),
  });
  const liveness = new Liveness(clock, outbox, options.isMeasured);
  const control = new ControlReader({
    ...{ acknowledging, liveness, outbox },
    onGoodbye: hooks.onGoodbye,
  });
  const farewell = new Farewell({
    ...{ acknowledging, clock, outbox },
    isConnected: hooks.isConnected,
    hasCalls: () => calling.pending + serving.running > 0,
    giveUpCalls: hooks.giveUpCalls,
    say: hooks.say,
    end: hooks.finish,
    cut: hooks.cut,
  });
  return {
    ...{ acknowledging, calling, codecs, deadlines, farewell, holdings, inbox, intake },
    ...{ liveness, outbox, progressWatch, sending, serving },
  };
}
