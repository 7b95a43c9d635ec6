// Hands out work: here the server calls its clients.
import { serve } from "myelin";

const WORKERS = 2;

const server = await serve("local:office");
console.log(`waiting for ${WORKERS} workers`);

server.onPeer(() => {
  if (server.peers.size === WORKERS) void work();
});

async function work() {
  // All of them at once: who answered, who failed, who is missing.
  const { answers, failures, missing } = await server.ask("name");
  const names = answers.map(({ value }) => value).sort();
  console.log(`here: ${names.join(", ")}; failed: ${failures.length}, missing: ${missing.length}`);

  // Two answers of two wanted, but one of them does not like mondays.
  const { ok, failures: refusals } = await server.ask("work", "monday");
  console.log(`all work on monday: ${ok}; ${refusals[0]?.error.remote?.message}`);

  // One answer is enough.
  const first = await server.ask("work", "tuesday", { want: 1, timeoutMs: 1_000 });
  console.log(`one works on tuesday: ${first.ok}`);

  await server.close();
}
