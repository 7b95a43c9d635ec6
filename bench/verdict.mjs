// From the results of the rounds to what is said about them.
import { median } from "./statistics.mjs";

/**
 * @param results one per round; `value` is what is compared, the rest is told beside it
 * @param against the results of the peer to compare with, if it took part
 */
export function summarize(results, against) {
  const of = (key) => median(results.map((result) => result[key]));
  const details = Object.keys(results[0]).filter((key) => key !== "value");
  // Round by round: both were measured in the same moments, so that the machine's moods cancel out.
  const ratios = against?.map((other, round) => results[round].value / other.value);
  return {
    value: of("value"),
    details: Object.fromEntries(details.map((key) => [key, of(key)])),
    ratio: ratios && median(ratios),
    spread: ratios && [Math.min(...ratios), Math.max(...ratios)],
    rounds: results,
  };
}

/** "met", "missed", or undefined without a goal or when ours or the peer to compare with took no part. */
export function verdictOf({ goal }, ours) {
  if (goal === undefined || ours === undefined) return undefined;
  const [key, { atLeast = -Infinity, atMost = Infinity }] = Object.entries(goal)[0];
  const figure = ours[key];
  if (figure === undefined) return undefined;
  return figure >= atLeast && figure <= atMost ? "met" : "missed";
}
