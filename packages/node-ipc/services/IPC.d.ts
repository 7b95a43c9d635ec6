// The class of instances, where node-ipc 9 keeps it.
import ipc = require("../index");

/** The class of independent instances. */
declare const IPC: typeof ipc.IPC;
interface IPC extends ipc.IPC {}
export = IPC;
