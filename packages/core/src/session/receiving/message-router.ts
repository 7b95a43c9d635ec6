/** Brings what belongs to a call to it: to those that the peer has opened, or to this side's own. */
import { MyelinError } from "../../errors.ts";
import type { Calling } from "../calls/calling.ts";
import { decodeRemoteError, remoteError } from "../calls/remote-error.ts";
import type { Serving } from "../calls/serving.ts";
import { extrasOf } from "../message-context.ts";
import type { Entry } from "../messages/entry-reader.ts";
import type { Outbox } from "../sending/outbox.ts";
import type { ItemReceiver } from "../streams/item-receiver.ts";
import type { ItemsSource } from "../streams/parsed-items.ts";
import { isReceivingTapped, tellReceived } from "../taps.ts";
import { entryKind } from "../wire.ts";
import type { EventDispatch } from "./dispatch.ts";
import type { InboxSink } from "./inbox.ts";
import type { Receipt } from "./receive-window.ts";

export class MessageRouter<Peer> implements InboxSink {
  readonly #peer: Peer;
  readonly #calling: Calling;
  readonly #serving: Serving<Peer>;
  readonly #events: EventDispatch<Peer>;
  readonly #outbox: Pick<Outbox, "hold" | "release">;
  readonly onControl: InboxSink["onControl"];
  readonly onSettled: InboxSink["onSettled"];

  constructor(parts: {
    peer: Peer;
    calling: Calling;
    serving: Serving<Peer>;
    events: EventDispatch<Peer>;
    outbox: Pick<Outbox, "hold" | "release">;
    onControl: InboxSink["onControl"];
    onSettled: InboxSink["onSettled"];
  }) {
    this.#peer = parts.peer;
    this.#calling = parts.calling;
    this.#serving = parts.serving;
    this.#events = parts.events;
    this.#outbox = parts.outbox;
    this.onControl = parts.onControl;
    this.onSettled = parts.onSettled;
  }

  beginBatch(): void {
    this.#outbox.hold();
  }

  endBatch(): void {
    this.#outbox.release();
  }

  /** @throws {MyelinError} `ERR_PROTOCOL` for what belongs to no call that was ever opened. */
  onMessage(
    entry: Entry,
    data: unknown,
    receipt: Receipt | undefined,
    bytes?: readonly Uint8Array[],
  ): void {
    switch (entry.kind) {
      case entryKind.event:
        this.#events.dispatch(entry.name, data, receipt, extrasOf(entry.headers, bytes));
        return;
      case entryKind.call:
        this.#checkOwnerOf(entry.id, "peer");
        this.#serving.open(entry, data, receipt, extrasOf(entry.headers, bytes));
        return;
      case entryKind.result:
      case entryKind.error:
      case entryKind.stop:
        this.#checkOwnerOf(entry.id, "us");
        this.#calling.onAnswer(entry, data);
        return;
      case entryKind.credit:
        this.#checkOpened(entry.id);
        if (this.#calling.isOurs(entry.id)) this.#calling.onAnswer(entry, data);
        else this.#serving.get(entry.id)?.output?.credit(entry.credit);
        return;
      case entryKind.cancel:
        // It may overtake its call.
        this.#checkOwnerOf(entry.id, "peer");
        this.#serving.cancel(entry.id, cancelReasonOf(entry));
        return;
      default:
        this.#checkOwnerOf(entry.id, "peer");
        this.#checkOpened(entry.id);
        this.#onCaller(entry, data);
    }
  }

  admitsItem(id: number): boolean {
    this.#checkOpened(id);
    const input = this.#inputOf(id);
    input?.checkCredit();
    return input !== undefined;
  }

  onItems(id: number, items: readonly unknown[], cost: number, source: ItemsSource): void {
    this.#checkOpened(id);
    if (isReceivingTapped()) this.#tellItems(id, items);
    // A stream that ended here meanwhile: its items are late.
    this.#inputOf(id)?.push(items, cost, source);
  }

  #tellItems(id: number, items: readonly unknown[]): void {
    const name = this.#calling.get(id)?.name ?? this.#serving.get(id)?.context.name;
    if (name === undefined) return;
    for (const item of items) tellReceived(this.#peer, "item", name, item);
  }

  /** Where items with this id go, if anybody reads them. */
  #inputOf(id: number): ItemReceiver | undefined {
    return this.#calling.get(id)?.output ?? this.#serving.get(id)?.input;
  }

  /** The end of the items that the caller sends. */
  #onCaller(entry: Entry, data: unknown): void {
    const input = this.#serving.get(entry.id)?.input;
    if (entry.kind === entryKind.end) input?.end();
    else input?.end(remoteError(decodeRemoteError(data)));
  }

  /** What belongs to a call comes behind it; it may come late, but not early. */
  #checkOpened(id: number): void {
    const isOpened = this.#calling.isOurs(id)
      ? this.#calling.hasOpened(id)
      : this.#serving.hasSeen(id);
    if (!isOpened) throw unknownCall(id);
  }

  #checkOwnerOf(id: number, owner: "us" | "peer"): void {
    const isOurs = this.#calling.isOurs(id);
    if (isOurs !== (owner === "us") || (isOurs && !this.#calling.hasOpened(id))) {
      throw unknownCall(id);
    }
  }
}

function cancelReasonOf({ detail }: Entry): MyelinError {
  return detail === 0
    ? new MyelinError("ERR_ABORTED", "the caller gave up")
    : new MyelinError("ERR_TIMEOUT", "the caller's time is over");
}

function unknownCall(id: number): MyelinError {
  return new MyelinError("ERR_PROTOCOL", `${id} is the id of no such call`);
}
