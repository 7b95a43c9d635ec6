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

/** Whatever is not a clear yes, in time, is a no. */
export async function askInTime(
  clock: Clock,
  timeoutMs: number,
  ask: (signal: AbortSignal) => unknown,
): Promise<boolean> {
  const controller = new AbortController();
  let timer;
  const timeUp = new Promise<false>((resolve) => {
    timer = clock.setTimeout(() => {
      resolve(false);
      controller.abort(new MyelinError("ERR_TIMEOUT", "authorize took too long"));
    }, timeoutMs);
  });
  try {
    const outcome: unknown = await Promise.race([ask(controller.signal), timeUp]);
    return outcome === true;
  } catch {
    return false;
  } finally {
    clock.clearTimeout(timer);
  }
}
