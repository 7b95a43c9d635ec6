/** What has not left, of everything that waits: counted, or taken out to go elsewhere. */

import type { NameSource } from "../messages/entry-reader.ts";
import { type UnsentMessage, unsentOfFrame, unsentOfMessage } from "../messages/unsent-message.ts";
import { Batch, eventsOf } from "./batch.ts";
import type { AcceptedMessage } from "./message-frames.ts";
import type { Outgoing } from "./outgoing.ts";
import { WaitingCall } from "./waiting-call.ts";

/** A frame, a batch that is open, or a message that has no frame yet. */
export type Waiting = Outgoing | AcceptedMessage | WaitingCall;

export function countUnsent(waiting: readonly Waiting[]): { events: number; calls: number } {
  let events = 0;
  let calls = 0;
  for (const each of waiting) {
    const isMessage = "kind" in each;
    events += isMessage ? Number(each.kind === "event") : each.events;
    calls += isMessage ? Number(each.kind === "call") : each.calls;
  }
  return { events, calls };
}

/** The least of their numbers. */
export function oldestOf(waiting: readonly Waiting[]): number {
  return waiting.reduce((least, { serial }) => Math.min(least, serial), Number.POSITIVE_INFINITY);
}

/** With the number of what it was accepted with. */
export interface Numbered<Message> {
  readonly message: Message;
  readonly serial: number;
}

/** In the order in which they were accepted. */
export function takeUnsent(
  waiting: readonly Waiting[],
  names: NameSource,
): Numbered<UnsentMessage>[] {
  const inOrder = [...waiting].sort((one, other) => one.serial - other.serial);
  return inOrder.flatMap((each) => {
    const { serial } = each;
    return messagesOf(each, names).map((message) => ({ message, serial }));
  });
}

function messagesOf(each: Waiting, names: NameSource): UnsentMessage[] {
  if (each instanceof Batch) return each.isEvents ? [packed(each, names)] : each.unsent(names);
  if (each instanceof WaitingCall) return [each.unsent()];
  return "entry" in each ? unsentOfMessage(each, names) : unsentOfFrame(each, names);
}

function packed(batch: Batch, names: NameSource): UnsentMessage {
  const { events: count, size: bytes } = batch;
  return {
    kind: "events",
    count,
    bytes,
    unpack: () => eventsOf(batch, names),
  };
}
