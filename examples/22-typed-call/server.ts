import { serve } from "myelin";
import { shop } from "./contract.ts";

const prices = new Map([["tea", 3]]);

const server = await serve("local:shop", {
  contract: shop,
  handlers: {
    price({ item, count }) {
      const price = prices.get(item);
      if (price === undefined) throw Object.assign(new Error(`no ${item}`), { code: "SOLD_OUT" });
      return price * count;
    },
  },
});
server.onPeer((peer) => void peer.closed.then(() => server.close()));
console.log("listening");
await server.closed;
console.log("the client has gone, so I stop");
