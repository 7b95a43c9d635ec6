// Every way to import the shared instance, and what programs take from it.
import * as namespace from "node-ipc";
import { config, connectTo, IPC, log, of, serve } from "node-ipc";

import required = require("node-ipc");

namespace.config.id = "a";
namespace.serve(() =>
  namespace.server.on("message", (data, socket) => namespace.server.emit(socket, data)),
);
namespace.server.start();

required.config.id = "b";
let instance = new required.IPC();
instance = required;
instance.config.silent = true;

config.silent = true;
serve("/tmp/app.detached", () => {});
connectTo("detached", () => of.detached.on("connect", () => log("connected")));
const separate = new IPC();
separate.config.rawBuffer = true;

// In place of names for the types, which @types/node-ipc does not export.
export type Ipc = typeof required;
export type IpcServer = typeof required.server;
export type IpcClient = (typeof required.of)[string];
export type ServerOfInstance = InstanceType<typeof required.IPC>["server"];
export type ConfigOfInstance = InstanceType<typeof IPC>["config"];
export type PresetKeys = Omit<Partial<typeof config>, "id" | "interfaces" | "networkHost" | "tls">;

export interface State {
  ipc: InstanceType<typeof required.IPC>;
  server?: ServerOfInstance;
  connected: boolean;
}
export const state: State = { ipc: new namespace.IPC(), connected: false };
state.server = state.ipc.server;
