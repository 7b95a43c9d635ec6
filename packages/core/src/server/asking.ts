/** Asks the program whether a client may come in. */
import { formatAddress } from "../address/address.ts";
import type { Clock } from "../clock.ts";
import { handshakeFailed } from "../diagnostics.ts";
import { MyelinError, textOfThrown } from "../errors.ts";
import type { Applicant } from "../peer/serve-options.ts";
import type { Connection } from "../transport/transport.ts";

/** Who asks to come in. */
export function applicantOf(
  { peer, remote }: Connection,
  dialect: Applicant["dialect"],
): Applicant {
  return {
    dialect,
    remote: remote === undefined ? undefined : formatAddress(remote),
    identity: peer,
  };
}

export interface AskingOptions {
  readonly clock: Clock;
  readonly authorizeTimeoutMs: number;
}

/** What the program says. */
export interface Verdict {
  readonly isAllowed: boolean;
  /** Of a no: what was thrown, or that time was up. The client is not told. */
  readonly cause?: unknown;
}

/** For the error of this side. */
export function causeOf(verdict: Verdict): { readonly cause?: unknown } {
  return "cause" in verdict ? { cause: verdict.cause } : {};
}

export const allowed: Verdict = Object.freeze({ isAllowed: true });
export const denied: Verdict = Object.freeze({ isAllowed: false });

/**
 * Whatever is not a clear yes, in time, is a no.
 * @param over aborts when time is up; its owner may do so before, and gets a no
 * @param onSettled there is an answer, though nobody may wait for it any more; or time is up
 */
export function askInTime(
  { authorizeTimeoutMs, clock }: AskingOptions,
  over: AbortController,
  ask: (signal: AbortSignal) => unknown,
  onSettled: () => void,
): Promise<Verdict> {
  const { signal } = over;
  const timer = clock.setTimeout(() => {
    onSettled();
    over.abort(new MyelinError("ERR_TIMEOUT", "authorize took too long"));
  }, authorizeTimeoutMs);
  const answer = async (): Promise<Verdict> => {
    try {
      return (await ask(signal)) === true ? allowed : denied;
    } catch (cause) {
      warnOfThrown(cause);
      return { isAllowed: false, cause };
    } finally {
      clock.clearTimeout(timer);
      onSettled();
    }
  };
  const tooLate = new Promise<Verdict>((resolve) => {
    const onAbort = (): void => resolve({ isAllowed: false, cause: signal.reason });
    signal.addEventListener("abort", onAbort, { once: true });
  });
  return Promise.race([answer(), tooLate]);
}

let hasWarned = false;

/** To throw is a way to say no, and what a bug does: who hears of no refusal is told of the first. */
function warnOfThrown(reason: unknown): void {
  if (hasWarned || handshakeFailed.hasSubscribers) return;
  hasWarned = true;
  // It may quote what a stranger said of itself.
  const text = textOfThrown(reason).replaceAll(/\p{Cc}/gu, " ");
  process.emitWarning(`authorize threw, which refuses the client: ${text}`, {
    type: "MyelinWarning",
    detail:
      "Subscribe to myelin:handshake:failed to hear of all of them; this is not warned of again.",
  });
}
