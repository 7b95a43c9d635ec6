import { childProcessPeer } from "./child-process.mjs";

export const peer = childProcessPeer("json");
