// Goes on while its server is killed and started anew, and knows of every message what became of it.
import { fork } from "node:child_process";
import { connect } from "myelin";

const startServer = () => fork(new URL("server.mjs", import.meta.url));
const first = startServer();

// It tries again until there is a server: now, and whenever the connection breaks.
const client = await connect("local:meter", { retry: { minMs: 10 } });
client.onState((state) => console.log(state));

for (let n = 1; n <= 1_000; n++) await client.post("reading", n);
await client.flush();
console.log(`the first server has counted ${await client.call("total")}`);

const slow = client.call("slow");
await client.flush(); // the call has arrived
first.kill("SIGKILL");
try {
  await slow;
} catch (error) {
  console.log(`${error.code}, and whether it ran: ${error.ran}`);
}

// There is no server: these wait, and so does the call.
for (let n = 1_001; n <= 1_500; n++) client.send("reading", n);
const answer = client.call("total");

const second = startServer();
console.log(`the second server has counted ${await answer}`);
await client.close();
second.kill();
