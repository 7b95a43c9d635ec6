// One write for every message: the yardstick for latency and memory.
import { handWrittenPeer } from "./hand-written.mjs";

export const peer = handWrittenPeer((socket) => (text) => socket.write(text));
