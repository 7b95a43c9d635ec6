// One write for all messages of a tick: what the same wire gives to whoever collects.
import { handWrittenPeer } from "./hand-written.mjs";

export const peer = handWrittenPeer((socket) => {
  let collected = "";
  const flush = () => {
    const text = collected;
    collected = "";
    socket.write(text);
  };
  return (text) => {
    if (collected === "") setImmediate(flush);
    collected += text;
  };
});
