/** Which peers are in which rooms, both ways round. */

export class Rooms<Peer> {
  readonly #members = new Map<string, Set<Peer>>();
  readonly #rooms = new Map<Peer, Set<string>>();

  join(room: string, peer: Peer): void {
    setOf(this.#members, room).add(peer);
    setOf(this.#rooms, peer).add(room);
  }

  leave(room: string, peer: Peer): void {
    removeFrom(this.#members, room, peer);
    removeFrom(this.#rooms, peer, room);
  }

  /** The peer is gone. */
  leaveAll(peer: Peer): void {
    for (const room of this.#rooms.get(peer) ?? []) removeFrom(this.#members, room, peer);
    this.#rooms.delete(peer);
  }

  members(room: string): ReadonlySet<Peer> {
    return this.#members.get(room) ?? new Set();
  }

  roomsOf(peer: Peer): ReadonlySet<string> {
    return new Set(this.#rooms.get(peer));
  }
}

function setOf<Key, Value>(map: Map<Key, Set<Value>>, key: Key): Set<Value> {
  let set = map.get(key);
  if (set === undefined) {
    set = new Set();
    map.set(key, set);
  }
  return set;
}

/** An empty room takes no memory: programs make rooms up as they go. */
function removeFrom<Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const set = map.get(key);
  set?.delete(value);
  if (set?.size === 0) map.delete(key);
}
