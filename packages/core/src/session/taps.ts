/** Tells tools of messages, when there is somebody who listens: each caller asks that first. */

import {
  callRefused,
  handlerFailed,
  type MessageKind,
  messageReceived,
  messageSent,
  payloadSeen,
} from "../diagnostics.ts";
import type { MyelinError } from "../errors.ts";
import { type Encoded, encodedLength } from "./messages/data-codecs.ts";
import type { EncodedItem } from "./streams/items.ts";

/** Sessions are generic in their peer; that of a user has a name. */
function named(peer: unknown): { readonly id: string } {
  return peer as { readonly id: string };
}

/** Somebody wants to know what is sent. */
export function isSendingTapped(): boolean {
  return messageSent.hasSubscribers || payloadSeen.hasSubscribers;
}

export function tellSent(peer: unknown, kind: MessageKind, name: string, encoded: Encoded): void {
  if (!messageSent.hasSubscribers) return;
  messageSent.publish({ peer: named(peer), kind, name, size: encodedLength(encoded) });
}

export function tellPayload(peer: unknown, kind: MessageKind, name: string, data: unknown): void {
  if (!payloadSeen.hasSubscribers) return;
  payloadSeen.publish({ peer: named(peer), direction: "sent", kind, name, data });
}

export function tellItem(peer: unknown, name: string, item: EncodedItem, data: unknown): void {
  if (messageSent.hasSubscribers) {
    const size = typeof item === "string" ? item.length : item.body.length;
    messageSent.publish({ peer: named(peer), kind: "item", name, size });
  }
  tellPayload(peer, "item", name, data);
}

/** Nobody has to have asked before: it is no path that is to be fast. */
export function tellHandlerFailed(peer: unknown, name: string, error: unknown): void {
  if (handlerFailed.hasSubscribers) handlerFailed.publish({ peer: named(peer), name, error });
}

/** @param error makes what the caller is told, if somebody wants to know */
export function tellRefused(peer: unknown, name: string, error: () => MyelinError): void {
  if (callRefused.hasSubscribers) callRefused.publish({ peer: named(peer), name, error: error() });
}

/** Somebody wants to know what is received. */
export function isReceivingTapped(): boolean {
  return messageReceived.hasSubscribers || payloadSeen.hasSubscribers;
}

/** @param data as handlers get it, before a contract has checked it */
export function tellReceived(peer: unknown, kind: MessageKind, name: string, data: unknown): void {
  if (messageReceived.hasSubscribers) {
    messageReceived.publish({ peer: named(peer), kind, name, size: undefined });
  }
  if (payloadSeen.hasSubscribers) {
    payloadSeen.publish({ peer: named(peer), direction: "received", kind, name, data });
  }
}
