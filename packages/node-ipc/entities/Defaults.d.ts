// The class behind `ipc.config`, where node-ipc 9 keeps it.
import ipc = require("../index");

/** A fresh configuration has every key at its default. */
declare const Defaults: typeof ipc.Defaults;
interface Defaults extends ipc.Config {}
export = Defaults;
