/** Limits in time. */

/** The longest time a timer of Node can wait, in milliseconds; a longer one would fire at once. */
export const longestTimerMs: number = 2 ** 31 - 1;

/** How long `close` waits for what was emitted, unless it is told otherwise. */
export const closeTimeoutMs = 5_000;

/** The promise's outcome, or a rejection with `error()` when `timeoutMs` have passed before. */
export async function withDeadline<Value>(
  promise: Promise<Value>,
  timeoutMs: number,
  error: () => Error,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(error()), Math.min(timeoutMs, longestTimerMs));
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
