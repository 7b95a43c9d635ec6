/**
 * Who goes, where more strangers want to come in than may wait: one of those who have waited long. An
 * honest client needs some milliseconds; whoever wants to keep others out has to wait, or to come again
 * and again. Chance decides among them: in a flood so fast that every order is soon through, each still
 * may get in.
 */

/** So many are looked at, however many may wait: a flood must not make each arrival dear. */
const mostLookedAt = 64;

/**
 * @param waiting who came first is first
 * @param random a number from 0 to below 1
 * @returns one of the older half; undefined: nobody waits
 */
export function oneWhoHasWaitedLong<Each>(
  waiting: ReadonlySet<Each>,
  random: () => number,
): Each | undefined {
  const candidates = Math.min(Math.ceil(waiting.size / 2), mostLookedAt);
  let before = Math.floor(random() * candidates);
  for (const each of waiting) {
    if (before === 0) return each;
    before -= 1;
  }
  return undefined;
}
