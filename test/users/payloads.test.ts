// What is sent is what arrives: values as JSON has them, bytes as they are, and on request the old rewriting.
import { complaint } from "./complaint.ts";
import { outcomeOf } from "./outcome.ts";

const payloads = new URL("./programs/payloads.mjs", import.meta.url);
const rawBytes = new URL("./programs/raw-bytes.mjs", import.meta.url);

const nested = { empty: "", null: null, list: [null, "", 0] };
const kept = {
  empty: "",
  null: null,
  // No version sends "nothing": an event without data has `{}`.
  undefined: {},
  NaN: null,
  zero: 0,
  false: false,
  emitter: { _maxListeners: 5, kept: "?" },
  nested,
};
const rewritten = { ...kept, empty: {}, null: {}, NaN: {}, emitter: {} };

/** What is seen at both ends and between them. */
const everywhere = (data: Readonly<Record<string, unknown>>) => ({
  toServer: data,
  toClient: data,
  frames: Object.entries(data).map(([type, data]) => JSON.stringify({ type, data })),
});

complaint(26, "empty and odd values arrive as JSON has them, both ways", {
  ours: everywhere(kept),
  seenOn: { "node-ipc@9.2.1": everywhere(rewritten) },
  fineOn: ["node-ipc@14.0.0"],
  scenario: (scene) => outcomeOf(scene, payloads),
});

complaint(26, "legacyPayloads sends what 9.x sends, byte for byte", {
  ours: everywhere(rewritten),
  fineOn: ["node-ipc@9.2.1"],
  scenario: (scene) =>
    outcomeOf(scene, payloads, { options: { config: { legacyPayloads: true } } }),
});

complaint(28, "in raw mode a mebibyte of any bytes arrives unchanged, both ways", {
  ours: { buffers: true, toServer: true, toPeer: true },
  seenOn: { "node-ipc@9.2.1": { buffers: true, toServer: false, toPeer: true } },
  fineOn: ["node-ipc@14.0.0"],
  scenario: (scene) => outcomeOf(scene, rawBytes, { options: { bytes: 2 ** 20 } }),
});
