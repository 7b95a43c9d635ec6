/**
 * When the call that a signal belongs to must be over. A handler passes its `ctx.signal` to the calls
 * that it makes, and they inherit what is left of its time: no asynchronous context is needed, which
 * would slow down every await of the process.
 */
const deadlines = new WeakMap<AbortSignal, number>();

/** @param dueAt as the clock of the call has it */
export function setDeadline(signal: AbortSignal, dueAt: number): void {
  deadlines.set(signal, dueAt);
}

/** The shorter of `timeoutMs` (0: none) and what is left of the signal's own time; at least 1. */
export function inheritDeadline(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  now: number,
): number {
  const dueAt = signal === undefined ? undefined : deadlines.get(signal);
  if (dueAt === undefined) return timeoutMs;
  const left = Math.max(1, Math.ceil(dueAt - now));
  return timeoutMs === 0 ? left : Math.min(timeoutMs, left);
}
