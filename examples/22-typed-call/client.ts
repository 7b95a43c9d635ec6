import { connect, isMyelinError } from "myelin";
import { shop } from "./contract.ts";

const client = await connect("local:shop", { contract: shop });
try {
  const price = await client.call("price", { item: "tea", count: 2 }); // a number
  console.log(`two teas: ${price.toFixed(2)}`);

  // @ts-expect-error: the contract has no such name. Without this line it does not compile.
  await client.call("prize", {}).catch((error) => console.log(error.code));

  await client.call("price", { item: "cake", count: 1 });
} catch (error) {
  if (!isMyelinError(error)) throw error;
  console.log(`no price: ${error.remote?.code}, the handler ran: ${error.ran}`);
} finally {
  await client.close();
}
