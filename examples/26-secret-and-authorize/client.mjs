import { connect } from "myelin";

const client = await connect(`tcp://127.0.0.1:${process.env.PORT ?? 8000}`, {
  secret: process.env.SHARED_SECRET ?? "for this example only, 32 bytes long",
  meta: { token: "token-of-ada" },
});
try {
  console.log(await client.call("open"));
} finally {
  await client.close();
}
