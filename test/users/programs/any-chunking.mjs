// Cuts streams of frames into random pieces; each frame has to be dispatched as soon as its last byte has been read, and
// as it was sent.
import assert from "node:assert";
import fc from "fast-check";
import { options, report } from "../../support/load-node-ipc.cjs";
import { frame, openWireEnd } from "./wire-end.mjs";

const end = await openWireEnd("server", { delimiter: options.delimiter });
const delimiter = Buffer.from(options.delimiter);

/** Text with characters of one to four bytes, and all that JSON escapes; never the delimiter. */
const text = fc
  .string({ unit: "grapheme", maxLength: 12 })
  .filter((candidate) => ![...delimiter.toString()].some((char) => candidate.includes(char)));

const pieces = fc
  .tuple(fc.array(text, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(400), { maxLength: 10 }))
  .map(([messages, cuts]) => {
    const bytes = Buffer.from(messages.map((message) => frame("word", message)).join(""));
    const places = cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b);
    return { messages, bytes, places: [...places, bytes.length] };
  });

const property = fc.asyncProperty(pieces, async ({ messages, bytes, places }) => {
  end.heard.length = 0;
  const peer = await end.connect();
  try {
    let from = 0;
    for (const to of places) {
      await peer.feed(bytes.subarray(from, to));
      assert.equal(end.heard.length, countFrames(bytes.subarray(0, to)), `after byte ${to}`);
      from = to;
    }
    assert.deepEqual(
      end.heard.map(({ data }) => data),
      messages,
    );
  } finally {
    await peer.end();
  }
});

function countFrames(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(delimiter); at !== -1; at = bytes.indexOf(delimiter, at + 1)) count++;
  return count;
}

const result = await fc.check(property, { numRuns: 150, endOnFailure: true });
report("checked", { holds: !result.failed, why: result.errorInstance?.message });
end.close();
process.exit();
