import ipc from "node-ipc-9";
import { nodeIpcPeer } from "./node-ipc-api.mjs";

export const peer = nodeIpcPeer(ipc.IPC);
