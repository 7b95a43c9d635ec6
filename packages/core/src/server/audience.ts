/** Whom a message goes to: all peers, a room, a peer, or several of either, except some. */
import { isMyelinError, MyelinError, textOfThrown } from "../errors.ts";
import { refuseUndefined } from "../options.ts";
import type { LivePeer } from "./live-peer.ts";
import type { Rooms } from "./rooms.ts";

/**
 * One that is not what was meant would have everybody get the message.
 * @throws {MyelinError} `ERR_CONFIG` for a `to` that is undefined
 */
export function checkAudience(owner: string, options: object): void {
  refuseUndefined(owner, options, ["to"]);
}

/** A room by its name, or a peer. */
export type Audience =
  | string
  | { readonly id: string }
  | readonly (string | { readonly id: string })[];

/** Each peer once, in the order in which they came; and those that were named and have left. */
export interface Chosen {
  readonly peers: readonly LivePeer[];
  readonly gone: readonly LivePeer[];
}

/** @throws {MyelinError} `ERR_CONFIG` */
export function audienceOf(
  peers: ReadonlyMap<string, LivePeer>,
  rooms: Rooms<LivePeer>,
  options: { readonly to?: Audience | undefined; readonly except?: Audience | undefined },
): Chosen {
  try {
    const { to, except } = options;
    const gone = new Set<LivePeer>();
    const included = to === undefined ? undefined : members(to, peers, rooms, gone);
    const excludedGone = new Set<LivePeer>();
    const excluded =
      except === undefined ? excludedGone : members(except, peers, rooms, excludedGone);
    const chosen = included ?? peers.values();
    return {
      peers: [...chosen].filter((peer) => !excluded.has(peer)),
      gone: [...gone].filter((peer) => !excludedGone.has(peer)),
    };
  } catch (reason) {
    // Getters and proxies of users may throw anything.
    if (isMyelinError(reason)) throw reason;
    throw new MyelinError("ERR_CONFIG", textOfThrown(reason), { cause: reason });
  }
}

function members(
  audience: Audience,
  peers: ReadonlyMap<string, LivePeer>,
  rooms: Rooms<LivePeer>,
  gone: Set<LivePeer>,
): Set<LivePeer> {
  const found = new Set<LivePeer>();
  const parts = Array.isArray(audience) ? audience : [audience as string | { id: string }];
  for (const part of parts as readonly (string | { id: string })[]) {
    if (typeof part === "string") {
      for (const peer of rooms.members(part)) found.add(peer);
    } else {
      const peer = peers.get(idOf(part));
      if (peer !== undefined) found.add(peer);
      else gone.add(part as LivePeer);
    }
  }
  return found;
}

/** @throws {MyelinError} `ERR_CONFIG` */
function idOf(peer: { readonly id: unknown } | null): string {
  if (typeof peer?.id === "string") return peer.id;
  throw new MyelinError("ERR_CONFIG", "a message goes to a room by its name, or to a peer");
}
