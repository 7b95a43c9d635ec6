// The default import works with and without esModuleInterop: `default` is there in any case.
import ipc, { IPC, IPCModule, Parser as ParserClass } from "node-ipc";
import type { Client, Config, Server, Socket } from "./names";

import required = require("node-ipc");

ipc.config.id = "default";
ipc.default.default.connectTo("world");
const same: typeof ipc = required.default;
const separate: IPC = new IPC();
const extensible: IPCModule = new IPCModule();
new extensible.IPC().serve();
new ipc.IPCModule().connectTo("world", (instance) => instance.of.world.emit("hello"));

export const parser: ParserClass = new ParserClass({ delimiter: "\n" });
export const client: Client = ipc.of.world;
export const server: Server = same.server;
export const config: Partial<Config> = { silent: true, stopRetrying: 0 };
export const socket: Socket = server.sockets[0];
separate.disconnect("world");

export class Mine extends IPCModule {
  readonly extra = 1;
}
