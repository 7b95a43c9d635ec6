/** Waits, but not for ever. */
import { type Abortable, abortedError, unwatchAbort, watchAbort } from "../../abort-watch.ts";
import type { Clock } from "../../clock.ts";
import { MyelinError } from "../../errors.ts";
import { timeLimit } from "../time-limit.ts";

/** How long to wait at most. */
export interface WaitLimits {
  /** 0 and Infinity: as long as it takes. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `wait` gives, if it is in time. `onGivenUp` is told before anybody else that it is not waited
 * for any more.
 * @throws {MyelinError} `ERR_TIMEOUT`, `ERR_ABORTED`; the message begins with `what`
 */
export function bounded(
  wait: Promise<void>,
  what: string,
  { signal, timeoutMs: given }: WaitLimits,
  clock: Clock,
  onGivenUp: () => void = ignore,
): Promise<void> {
  const timeoutMs = timeLimit(`${what}(): timeoutMs`, given);
  if (signal === undefined && timeoutMs === 0) return wait;
  return new Promise((resolve, reject) => {
    const giveUp = (error: MyelinError): void => {
      release();
      onGivenUp();
      reject(error);
    };
    const abortable: Abortable = {
      aborted: (cause) => giveUp(abortedError(what, cause)),
    };
    const timer =
      timeoutMs > 0
        ? clock.setTimeout(() => {
            giveUp(new MyelinError("ERR_TIMEOUT", `${what} took longer than ${timeoutMs} ms`));
          }, timeoutMs)
        : undefined;
    const release = (): void => {
      clock.clearTimeout(timer);
      if (signal !== undefined) unwatchAbort(signal, abortable);
    };
    if (signal?.aborted === true) abortable.aborted(signal.reason);
    else if (signal !== undefined) watchAbort(signal, abortable);
    wait.then(resolve, reject).finally(release);
  });
}

/** Waits as long as it takes, and has it hurry when the signal aborts. */
export async function hurried(
  wait: Promise<unknown>,
  signal: AbortSignal | undefined,
  hurry: () => void,
): Promise<void> {
  if (signal === undefined) {
    await wait;
    return;
  }
  const abortable: Abortable = { aborted: hurry };
  if (signal.aborted) hurry();
  else watchAbort(signal, abortable);
  try {
    await wait;
  } finally {
    unwatchAbort(signal, abortable);
  }
}

function ignore(): void {}
