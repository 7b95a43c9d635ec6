/** Asks the program whether a client may come in. */
import { formatAddress } from "../address/address.ts";
import type { Clock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
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
): Promise<boolean> {
  const { signal } = over;
  const timer = clock.setTimeout(() => {
    onSettled();
    over.abort(new MyelinError("ERR_TIMEOUT", "authorize took too long"));
  }, authorizeTimeoutMs);
  const answer = async (): Promise<boolean> => {
    try {
      return (await ask(signal)) === true;
    } catch {
      return false;
    } finally {
      clock.clearTimeout(timer);
      onSettled();
    }
  };
  const tooLate = new Promise<false>((resolve) => {
    signal.addEventListener("abort", () => resolve(false), { once: true });
  });
  return Promise.race([answer(), tooLate]);
}
