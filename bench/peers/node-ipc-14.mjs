import { IPCModule } from "node-ipc-14";
import { nodeIpcPeer } from "./node-ipc-api.mjs";

export const peer = nodeIpcPeer(IPCModule);
