import ipc from "@myelin/node-ipc";
import { nodeIpcPeer } from "./node-ipc-api.mjs";

export const peer = nodeIpcPeer(ipc.IPC);
