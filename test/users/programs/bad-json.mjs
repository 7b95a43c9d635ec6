// A peer sends what is not JSON; reports what kind of thing the `error` event gets.
import { options, report } from "../../support/load-node-ipc.cjs";
import { openWireEnd } from "./wire-end.mjs";

const end = await openWireEnd(options.side);
const { feed } = await end.connect();
await feed("no JSON at all\f");
report("told", {
  told: end.told.map((error) => ({ isError: error instanceof Error, code: error.code })),
});
process.exit();
