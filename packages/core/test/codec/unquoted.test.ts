// Errors are logged, with their causes: they quote nothing of a peer's data.
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { jsonCodec, parseJson } from "../../src/codec/json.ts";
import { JsonEventDecoder } from "../../src/codec/json-event.ts";
import { taggedJsonCodec } from "../../src/codec/tagged-json.ts";
import { readMessage } from "../../src/session/node-ipc/node-ipc-message.ts";

const text = "[hunter2]";
const bytes = Buffer.from(text);
/** After a first event the data of others of its name is read alone. */
const decoder = (): JsonEventDecoder => {
  const events = new JsonEventDecoder();
  events.decode('{"type":"a","data":1}');
  return events;
};

test.each<[string, () => unknown]>([
  ["text", () => parseJson(bytes)],
  ["a message in JSON", () => jsonCodec.decode(bytes)],
  ["a message in tagged JSON", () => taggedJsonCodec.decode(bytes)],
  ["an event of node-ipc", () => decoder().decode(text)],
  [
    "an event of node-ipc like the one before",
    () => decoder().decode('{"type":"a","data":hunter2}'),
  ],
  ["a message of a node-ipc client", () => readMessage(decoder(), text)],
])("%s that is no JSON is not quoted", (_, read) => {
  const logged = (() => {
    try {
      return read();
    } catch (error) {
      return inspect(error);
    }
  })();
  expect(logged).toContain("no JSON");
  expect(logged).not.toContain("hunter");
});
