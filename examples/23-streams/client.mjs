import { Readable } from "node:stream";
import { connect } from "myelin";

const client = await connect("local:counter");
try {
  for await (const n of client.stream("ticks", { everyMs: 10 })) {
    console.log(`tick ${n}`);
    if (n === 2) break; // cancels the handler
  }

  // A million numbers: the source is read as fast as the server takes them.
  function* numbers() {
    for (let n = 1; n <= 1_000_000; n++) yield n;
  }
  console.log(`sum: ${await client.upload("sum", numbers())}`);

  // Anything that can be iterated will do, Node's streams too.
  for await (const line of client.duplex("shout", Readable.from(["one", "two"]))) {
    console.log(line);
  }
} finally {
  await client.close();
}
