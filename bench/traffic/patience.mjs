// When nothing has arrived for so long, a message is missing: between two processes of one machine
// nothing takes seconds.
export const patienceMs = 5_000;

/** Calls `complain` unless the returned function has been called in time. */
export function losePatience(ms, complain) {
  const timer = setTimeout(complain, ms);
  return () => clearTimeout(timer);
}
