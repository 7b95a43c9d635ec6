// Feeds known bad input and random bytes, each on a connection of its own, and reports what would have ended a process
// that has no handler for uncaught exceptions, what leaked into every object, and whether good peers are still heard.
import fc from "fast-check";
import { options, report } from "../../support/load-node-ipc.cjs";
import { frame, openWireEnd } from "./wire-end.mjs";

const uncaught = new Set();
let current;
process.on("uncaughtException", () => uncaught.add(current));

const end = await openWireEnd(options.side);

async function feedAlone(name, bytes) {
  current = name;
  const peer = await end.connect();
  await peer.feed(bytes);
  await peer.end();
}

for (const text of options.inputs) await feedAlone(text, text);

const scalar = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.constantFrom(null, true, "__proto__", "id", "on"),
);
const hostile = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([bytes, Buffer.from("\f")])),
  fc.json().map((json) => Buffer.from(`${json}\f`)),
  fc
    .record({ type: scalar, data: fc.jsonValue() })
    .map((message) => Buffer.from(`${JSON.stringify(message)}\f`)),
  fc.tuple(fc.string(), fc.nat(30), fc.uint8Array({ maxLength: 4 })).map(([text, at, noise]) => {
    const bytes = Buffer.from(frame("word", text));
    bytes.set(noise.slice(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
    return bytes;
  }),
);
await fc.assert(
  fc.asyncProperty(hostile, (bytes) => feedAlone("random bytes", bytes)),
  { numRuns: options.runs },
);

end.heard.length = 0;
const good = await end.connect();
await good.feed(frame("word", "good"));
report("survived", {
  uncaught: [...uncaught],
  polluted: "polluted" in {},
  heard: end.heard,
});
process.exit();
