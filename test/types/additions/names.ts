// The names of the types, which programs may use in place of `typeof ipc.server` and the like.
import * as ipc from "node-ipc";

export type Client = ipc.Client;
export type Config = ipc.Config;
export type Server = ipc.Server;
export type Socket = ipc.ServerSocket;
export type Code = ipc.IPCErrorCode;
export type { IPC, IPCModule, Parser, SocketConfig, TLSConfig, UDPPeer } from "node-ipc";

export const closed: Code = "ERR_IPC_CLOSED";
export const peer: ipc.SocketConfig = { address: "::1", port: 8000 };
