// Finds the port, as every user of the machine can, and comes no further.
import { connect } from "myelin";

const address = `tcp://127.0.0.1:${process.env.PORT ?? 8000}`;

const secret = process.env.SHARED_SECRET ?? "for this example only, 32 bytes long";

await knock("without the secret", {});
await knock("with a guess", { secret: "a guess that is long enough" });
await knock("with the secret, but without a token", { secret });

async function knock(what, options) {
  try {
    await connect(address, options);
  } catch (error) {
    console.log(`${what}: ${error.code}`);
  }
}
