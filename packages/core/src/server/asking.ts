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

/**
 * Whatever is not a clear yes, in time, is a no.
 * @param over aborts when time is up; its owner may do so before
 */
export async function askInTime(
  clock: Clock,
  timeoutMs: number,
  over: AbortController,
  ask: (signal: AbortSignal) => unknown,
): Promise<boolean> {
  const { signal } = over;
  const tooLate = new Promise<false>((resolve) => {
    signal.addEventListener("abort", () => resolve(false), { once: true });
  });
  const timer = clock.setTimeout(() => {
    over.abort(new MyelinError("ERR_TIMEOUT", "authorize took too long"));
  }, timeoutMs);
  try {
    const outcome: unknown = await Promise.race([ask(signal), tooLate]);
    return outcome === true;
  } catch {
    return false;
  } finally {
    clock.clearTimeout(timer);
  }
}
