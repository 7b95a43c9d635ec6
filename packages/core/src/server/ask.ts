/** One question to many peers. */

import { abortedError, unwatchAbort, watchAbort } from "../abort-watch.ts";
import type { Clock } from "../clock.ts";
import { isMyelinError, MyelinError, textOfThrown } from "../errors.ts";
import type { SendOptions, WaitOptions } from "../peer/call-options.ts";
import { inheritDeadline } from "../session/calls/inherited-deadline.ts";
import { timeLimit } from "../session/time-limit.ts";
import type { LivePeer } from "./live-peer.ts";

export interface AskSettings extends SendOptions, WaitOptions {
  readonly timeoutMs: number;
  readonly want: number | "all";
  readonly clock: Clock;
  /** They were to be asked, too, and have left. */
  readonly gone: readonly LivePeer[];
}

export interface AskOutcome {
  readonly ok: boolean;
  readonly answers: readonly { readonly peer: LivePeer; readonly value: unknown }[];
  readonly failures: readonly { readonly peer: LivePeer; readonly error: MyelinError }[];
  readonly missing: readonly LivePeer[];
}

/**
 * Resolves as soon as enough have answered, enough cannot be reached any more, or the time is up; where
 * everybody is to answer, as soon as nobody else can. The calls that are still under way are cancelled
 * then.
 * @throws {MyelinError} `ERR_ABORTED` only
 */
export function ask(
  peers: readonly LivePeer[],
  name: string,
  input: unknown,
  { bytes, clock, copy, gone, ref, signal, timeoutMs: given, want }: AskSettings,
): Promise<AskOutcome> {
  const since = clock.now();
  const timeoutMs = inheritDeadline(timeLimit("ask(): timeoutMs", given), signal, since);
  const isTimeUp = (): boolean => timeoutMs > 0 && clock.now() - since >= timeoutMs;
  const wanted = want === "all" ? peers.length + gone.length : want;
  const answers: { peer: LivePeer; value: unknown }[] = [];
  const failures: { peer: LivePeer; error: MyelinError }[] = [];
  const open = new Set([...peers, ...gone]);
  /** Those of whom an answer can be hoped for. */
  const asked = new Set(peers.filter(({ state }) => state !== "detached"));
  const enough = new AbortController();
  return new Promise((resolve, reject) => {
    let isOver = false;
    const finish = (): void => {
      isOver = true;
      clock.clearTimeout(timer);
      if (signal !== undefined) unwatchAbort(signal, abortable);
      resolve({ ok: answers.length >= wanted, answers, failures, missing: [...open] });
      enough.abort(new MyelinError("ERR_ABORTED", "enough peers have answered"));
    };
    const onAbort = (): void => {
      isOver = true;
      clock.clearTimeout(timer);
      const cause: unknown = signal?.reason;
      reject(abortedError(`ask(${JSON.stringify(name)})`, cause));
      enough.abort(cause);
    };
    const abortable = { aborted: onAbort };
    const check = (): void => {
      if (isOver) return;
      const isEnough = want !== "all" && answers.length >= want;
      const isHopeless = want !== "all" && answers.length + asked.size < want;
      if (isEnough || isHopeless || asked.size === 0) finish();
    };
    const timer =
      timeoutMs > 0
        ? clock.setTimeout(() => {
            // Timers run before arrivals do: answers that are here already count.
            clock.setImmediate(() => {
              if (!isOver) finish();
            });
          }, timeoutMs)
        : undefined;
    if (signal?.aborted === true) {
      onAbort();
      return;
    }
    if (signal !== undefined) watchAbort(signal, abortable);
    check();
    if (isOver) return;
    for (const peer of asked) {
      // The handlers are told of the deadline; who is missing is decided here.
      peer.call(name, input, { bytes, copy, ref, timeoutMs, signal: enough.signal }).then(
        (value) => {
          if (isOver) return;
          open.delete(peer);
          asked.delete(peer);
          answers.push({ peer, value });
          check();
        },
        (reason: unknown) => {
          if (isOver) return;
          // Its deadline is ours; one that says so before is one that has failed.
          if (isMyelinError(reason) && reason.code === "ERR_TIMEOUT" && isTimeUp()) return finish();
          open.delete(peer);
          asked.delete(peer);
          failures.push({ peer, error: asMyelinError(reason) });
          check();
        },
      );
    }
  });
}

function asMyelinError(reason: unknown): MyelinError {
  return isMyelinError(reason) ? reason : new MyelinError("ERR_CONFIG", textOfThrown(reason));
}
