// A test of what a program does when its server is gone for half an hour: it takes no time at all.
import assert from "node:assert/strict";
import { connect, serve } from "myelin";
import { memoryNetwork } from "myelin/testing";

const { clock, faults, transport } = memoryNetwork({ seed: 1 });
const network = { clock, transports: [transport] };

const heard = [];
const server = await clock.until(
  serve("memory:log", { ...network, events: { line: (text) => void heard.push(text) } }),
);
const client = await clock.until(connect("memory:log", network));
const states = [];
client.onState((state) => states.push(state));

client.send("line", "before");
await clock.until(client.flush());

faults.refuse();
faults.cutAll();
await clock.advanceAsync(30 * 60_000);
client.send("line", "meanwhile"); // waits for the server
assert.deepEqual(heard, ["before"]);

faults.heal();
await clock.advanceAsync(60_000); // the longest pause between two attempts is half a minute
assert.deepEqual(heard, ["before", "meanwhile"]);
assert.deepEqual(states, ["connecting", "open"]);

await clock.until(client.close());
await clock.until(server.close());
console.log(`an outage of ${Math.floor(clock.now() / 60_000)} minutes, and nothing was lost`);
