// The files that programs of node-ipc 9 name, with and without the ending.
import IPC = require("node-ipc/services/IPC");
import IPCWithEnding = require("node-ipc/services/IPC.js");
import Defaults = require("node-ipc/entities/Defaults");
import DefaultsWithEnding = require("node-ipc/entities/Defaults.js");
import ipc = require("node-ipc");
import main = require("node-ipc/node-ipc");
import mainWithEnding = require("node-ipc/node-ipc.js");

const instance: IPC = new IPC();
instance.config = new Defaults();
instance.config.silent = true;
export const defaults: Defaults = new DefaultsWithEnding();
export const same: (typeof ipc)[] = [main, mainWithEnding];

export class Mine extends IPCWithEnding {
  readonly extra = 1;
}
export type Client = main.Client;
