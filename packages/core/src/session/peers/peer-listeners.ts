/** What a peer tells its own listeners of, and what becomes of those that fail. */
import { Emitter } from "../../emitter.ts";
import type { Notice, PeerName } from "../../peer/notice.ts";
import type { PeerState } from "../../peer/peer.ts";
import { warnOfNoticeListener } from "./peer-notices.ts";

export interface PeerEvents {
  state: readonly [PeerState];
  drain: readonly [];
  notice: readonly [Notice];
}

interface ToldPeer extends PeerName {
  tellListenerFailed(name: string, reason: unknown): void;
}

/** A listener that fails is a notice of the peer, under the name of the method that took it. */
export function peerListeners(peer: ToldPeer): Emitter<PeerEvents> {
  return new Emitter<PeerEvents>({
    state: (reason) => peer.tellListenerFailed("onState", reason),
    drain: (reason) => peer.tellListenerFailed("onDrain", reason),
    notice: (reason, notice) => warnOfNoticeListener(notice.peer, reason),
  });
}
