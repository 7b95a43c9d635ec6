// What both programs of a conversation do: say what the test asks for, and keep what they hear until the test collects it.
//
//   { say: [[type, data?], ...], to? }   emits each; `to: "all"` broadcasts
//   { sayLong: { bytes, ascii } }        emits ["long", longText(...)]; of such a message the digest is kept
//   { collect: n }                       reports "collected" with the next n messages, once they are here
//   { ping: true }                       reports "pong": all that happened to this side before is reported
import { onCommand, options, report } from "../support/load-node-ipc.cjs";
import { digest, longText } from "./long-text.mjs";

/** Joins the conversation through an endpoint: `ipc.server` or `ipc.of[id]`. */
export function join(endpoint, { emit, broadcast, heard, command }) {
  const messages = [];
  let wanted = 0;

  function deliver() {
    if (wanted > 0 && messages.length >= wanted) {
      report("collected", { messages: messages.splice(0, wanted) });
      wanted = 0;
    }
  }

  // By name, because a '*' handler throws in 9.x: its event-pubsub takes Node.js 10 and later for older than 6.
  for (const type of options.events) {
    endpoint.on(type, (data, socket) => {
      messages.push([type, type === "long" ? digest(data) : data]);
      heard?.(socket);
      deliver();
    });
  }
  endpoint.on("error", ({ code, message }) => report("error", { code, message }));

  onCommand(({ say = [], sayLong, to, collect = 0, ping, ...other }) => {
    const speak = to === "all" ? broadcast : emit;
    for (const message of say) speak(...message);
    if (sayLong) emit("long", longText(sayLong));
    wanted ||= collect;
    deliver();
    command?.(other);
    if (ping) report("pong");
  });
}
