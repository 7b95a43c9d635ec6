/** What happened to a peer's messages that no promise could tell: counted, and told without flooding. */
import type { Clock } from "../../clock.ts";
import { textOfThrown } from "../../errors.ts";
import type { DroppedNotice, Notice, PeerName, Undelivered } from "../../peer/notice.ts";
import { isEventRefusal } from "../refused-events.ts";

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
    if (isEventRefusal(reason)) {
      this.#notify({ kind: "invalid", peer, name, error: reason });
    } else {
      this.addListenerFailed(name, reason);
    }
  }

  addListenerFailed(name: string, error: unknown): void {
    this.#notify({ kind: "listener-failed", peer: this.#peer, name, error });
  }
}

const warnedOf = new Set<string>();

/** Nobody listens to notices: the first of each kind is a warning of the process. */
export function warnOfNotice(notice: Notice): void {
  // Calls have told their callers themselves.
  if (notice.kind === "gap" && notice.events === 0) return;
  const detail = "Listen with onNotice() to hear of all of them; this kind is not warned of again.";
  warnOnce(notice.kind, notice, detail);
}

/** Somebody listens to notices, and fails: another notice would only be the next to fail on. */
export function warnOfNoticeListener(peer: PeerName, error: unknown): void {
  const notice: Notice = { kind: "listener-failed", peer, name: "onNotice", error };
  warnOnce("onNotice", notice, "Notices may have gone unheard; this is not warned of again.");
}

/** What an error says of itself fills no screen. */
const maxReasonLength = 200;

function warnOnce(key: string, notice: Notice, detail: string): void {
  if (warnedOf.has(key)) return;
  warnedOf.add(key);
  const name = "name" in notice ? ` of ${JSON.stringify(notice.name)}` : "";
  const numbers = "events" in notice ? `: ${notice.events} events` : "";
  const what = `${notice.kind}${name}${numbers} (${nameOf(notice.peer)})`;
  const hasError = "error" in notice;
  const warning = hasError
    ? new Error(`${what}: ${reasonOf(notice.error)}`, { cause: notice.error })
    : new Error(what);
  process.emitWarning(Object.assign(warning, { name: "MyelinWarning", detail }));
}

/** A client that never had a session has an address only. */
function nameOf(peer: PeerName & { readonly address?: string }): string {
  const { address, id } = peer;
  return id === "" && address !== undefined ? address : `peer ${JSON.stringify(id)}`;
}

/** The name and the message of an error, on one line. */
function reasonOf(error: unknown): string {
  const [line = ""] = textOfThrown(error)
    .slice(0, maxReasonLength + 1)
    .split(/[\r\n]/, 1);
  const text = line.replaceAll(/\p{Cc}/gu, " ");
  return text.length <= maxReasonLength ? text : `${text.slice(0, maxReasonLength - 1)}…`;
}
