// Waiting for the thing itself, with an end that says what did not come. The deadline is a safety net: no test is
// meant to reach it.
const deadlineMs = 15_000;

/** Waits for a promise; fails with `what` in the message when it does not settle. */
export async function within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  const signal = AbortSignal.timeout(deadlineMs);
  let expire: (() => void) | undefined;
  const expired = new Promise<never>((_, reject) => {
    expire = () => reject(new Error(`gave up after ${deadlineMs} ms: ${what}`));
    signal.addEventListener("abort", expire);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    if (expire !== undefined) signal.removeEventListener("abort", expire);
  }
}

/** Waits until a condition holds, looking again after each turn of the event loop. */
export function until(what: string, condition: () => boolean): Promise<void> {
  const giveUp = performance.now() + deadlineMs;
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (condition()) resolve();
      else if (performance.now() > giveUp)
        reject(new Error(`gave up after ${deadlineMs} ms: ${what}`));
      else setImmediate(look);
    };
    look();
  });
}

/** Lets the event loop turn, so that what is already on its way arrives. */
export async function turns(count = 3): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
}
