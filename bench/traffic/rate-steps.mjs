// How a rate is measured, for every traffic that has one: warm up, then some blocks, each so many
// milliseconds of sending. The clock runs in the process that sends, from the first message of the
// block until the answer to its last one is back.

/**
 * One peer's share of a round. Every `yield` gives the other peers their turn.
 *
 * What the two sides use of the processor is measured, too: the slower side is what limits the rate,
 * and unlike the rate these figures hardly suffer when others use the machine.
 * @param driver the process that sends
 * @param others the processes that receive
 */
export async function* rateSteps(driver, others, { warmUpMs, blockMs, blocks }) {
  await driver.call("send", warmUpMs);
  yield;
  const total = { count: 0, seconds: 0, driverCpu: 0, othersCpu: 0 };
  for (let block = 0; block < blocks; block++) {
    total.driverCpu -= await cpuOf([driver]);
    total.othersCpu -= await cpuOf(others);
    const { count, seconds } = await driver.call("send", blockMs);
    total.driverCpu += await cpuOf([driver]);
    total.othersCpu += await cpuOf(others);
    total.count += count;
    total.seconds += seconds;
    yield;
  }
  return {
    value: total.count / total.seconds,
    driverCpu: total.driverCpu / total.count,
    othersCpu: total.othersCpu / total.count,
  };
}

async function cpuOf(remotes) {
  const all = await Promise.all(remotes.map((remote) => remote.call("cpu")));
  return all.reduce((sum, microseconds) => sum + microseconds, 0);
}

/** The last step of every traffic: what was received is exactly what was sent. */
export function expectCount(what, received, sent) {
  if (received !== sent) throw new Error(`${what}: ${sent} were sent, ${received} received`);
}
