/** What happened to a peer's messages that no promise could tell: counted, and told without flooding. */
import type { Clock } from "../../clock.ts";
import { isMyelinError } from "../../errors.ts";
import type { DroppedNotice, Notice, PeerName, Undelivered } from "../../peer/notice.ts";

/** Names made up by a peer must not fill the memory. */
const maxToldNames = 100;

export class PeerNotices {
  /** Events that were dropped, and events that nobody listened to. */
  dropped = 0;
  unhandled = 0;
  readonly #peer: PeerName;
  readonly #clock: Clock;
  readonly #notify: (notice: Notice) => void;
  readonly #unhandledNames = new Set<string>();
  /** Drops that are not told yet, by their reasons. */
  readonly #untold = new Map<DroppedNotice["reason"], { events: number; bytes: number }>();

  constructor(peer: PeerName, clock: Clock, notify: (notice: Notice) => void) {
    this.#peer = peer;
    this.#clock = clock;
    this.#notify = notify;
  }

  /** Told once per turn: a flood of events must not become one of notices. */
  addDropped(events: number, bytes: number, reason: DroppedNotice["reason"]): void {
    this.dropped += events;
    const untold = this.#untold.get(reason);
    if (untold !== undefined) {
      untold.events += events;
      untold.bytes += bytes;
      return;
    }
    const first = { events, bytes };
    this.#untold.set(reason, first);
    this.#clock.setImmediate(() => {
      this.#untold.delete(reason);
      this.#notify({ kind: "dropped", peer: this.#peer, ...first, reason });
    });
  }

  /** Told once for each name. */
  addUnhandled(name: string): void {
    this.unhandled += 1;
    if (this.#unhandledNames.has(name) || this.#unhandledNames.size >= maxToldNames) return;
    this.#unhandledNames.add(name);
    this.#notify({ kind: "unhandled", peer: this.#peer, name });
  }

  /** It is closed, and some of what was accepted may not have arrived. */
  addUndelivered({ unacknowledged, unsent }: Undelivered): void {
    const events = unacknowledged.events + unsent.events;
    if (events + unacknowledged.calls + unsent.calls === 0) return;
    this.#notify({ kind: "undelivered", peer: this.#peer, unacknowledged, unsent });
  }

  /** A listener threw, or a schema refused what it was to be given. */
  addFailure(name: string, reason: unknown): void {
    const peer = this.#peer;
    if (isMyelinError(reason) && reason.code === "ERR_INVALID_DATA") {
      this.#notify({ kind: "invalid", peer, name, error: reason });
    } else {
      this.#notify({ kind: "listener-failed", peer, name, error: reason });
    }
  }
}

const warnedOf = new Set<Notice["kind"]>();

/** Nobody listens to notices: the first of each kind is a warning of the process. */
export function warnOfNotice(notice: Notice): void {
  const { kind, peer } = notice;
  // Calls have told their callers themselves.
  const isKnown = kind === "gap" && notice.events === 0;
  if (isKnown || warnedOf.has(kind)) return;
  warnedOf.add(kind);
  const name = "name" in notice ? ` of ${JSON.stringify(notice.name)}` : "";
  const numbers = "events" in notice ? `: ${notice.events} events` : "";
  process.emitWarning(`${kind}${name}${numbers} (peer ${JSON.stringify(peer.id)})`, {
    type: "MyelinWarning",
    detail: "Listen with onNotice() to hear of all of them; this kind is not warned of again.",
  });
}
