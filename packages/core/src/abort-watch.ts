/**
 * Aborts of signals that users pass, watched with one listener per signal: a program that makes ten
 * thousand calls with the signal of its shutdown would otherwise add as many listeners, each in time
 * that grows with their number.
 */

import { MyelinError, type Ran } from "./errors.ts";

/** Whoever wants to know. */
export interface Abortable {
  aborted(reason: unknown): void;
}

interface Watch {
  readonly waiting: Set<Abortable>;
  readonly listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/** Calls `aborted` when the signal aborts, until {@link unwatchAbort}. */
export function watchAbort(signal: AbortSignal, abortable: Abortable): void {
  let watch = watches.get(signal);
  if (watch === undefined) {
    const waiting = new Set<Abortable>();
    const listener = (): void => {
      watches.delete(signal);
      for (const each of waiting) each.aborted(signal.reason);
    };
    watch = { waiting, listener };
    // Before it counts as watched: what only looks like a signal may throw.
    signal.addEventListener("abort", listener, { once: true });
    watches.set(signal, watch);
  }
  watch.waiting.add(abortable);
}

export function unwatchAbort(signal: AbortSignal, abortable: Abortable): void {
  const watch = watches.get(signal);
  if (watch === undefined) return;
  watch.waiting.delete(abortable);
  if (watch.waiting.size > 0) return;
  watches.delete(signal);
  signal.removeEventListener("abort", watch.listener);
}

/** What those get who waited for something whose signal aborted. */
export function abortedError(what: string, cause: unknown, ran?: Ran): MyelinError {
  const known = ran === undefined ? {} : { ran };
  return new MyelinError("ERR_ABORTED", `${what} was aborted`, { cause, ...known });
}
