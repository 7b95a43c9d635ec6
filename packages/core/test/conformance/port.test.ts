import { MessageChannel } from "node:worker_threads";
import { port } from "myelin";
import { transportSuite } from "../../../../test/conformance/transport-suite.ts";
import { manyWays } from "./many-ways.ts";

transportSuite("port", {
  ...manyWays({
    way: port,
    pair: () => {
      const { port1, port2 } = new MessageChannel();
      return [port1, port2];
    },
  }),
  // A port has taken everything before anybody could stop it.
  discards: false,
});
