// Cuts one message with characters of two, three and four bytes at every byte; reports the copies that were heard.
import { options, report } from "../../support/load-node-ipc.cjs";
import { frame, openWireEnd } from "./wire-end.mjs";

const end = await openWireEnd(options.side);
const { feed } = await end.connect();
const bytes = Buffer.from(frame("word", options.text));
for (let cut = 1; cut < bytes.length; cut++) {
  await feed(bytes.subarray(0, cut));
  await feed(bytes.subarray(cut));
}
const heard = end.heard.map(({ data }) => data);
report("heard", { cuts: bytes.length - 1, heard });
end.close();
process.exit();
