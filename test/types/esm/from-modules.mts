// An ES module: Node finds the names in the CommonJS file.

import * as namespace from "node-ipc";
import ipc, {
  type Client,
  config,
  connectTo,
  IPC,
  IPCModule,
  IPCProtocolError,
  Parser,
} from "node-ipc";
import colors, { setTheme } from "node-ipc/colors";
import Defaults from "node-ipc/entities/Defaults.js";
import byFile from "node-ipc/node-ipc.cjs";
import DefaultParser, { createParser, GuardedParser } from "node-ipc/parsers";
import ErrorsAsEvents from "node-ipc/parsers/message";
import ByPath from "node-ipc/services/IPC";

config.id = "module";
connectTo("world", () => ipc.of["world"]?.emit("hello"));
namespace.default.serve(() => namespace.default.server.broadcast("hello"));
const separate: IPC = new IPC();
separate.config = new Defaults();
separate.config.parser = class extends DefaultParser {};
separate.config.parser = new GuardedParser();
separate.config.parser = new ErrorsAsEvents();
separate.config.parser = createParser(separate.config);
export const instances: IPC[] = [new ByPath(), new IPCModule(), byFile, ipc.default];
export const clients: Client[] = instances.map((instance) => instance.of["world"]);
export const isOurs = (error: unknown): error is IPCProtocolError =>
  error instanceof IPCProtocolError;
export const parser: Parser = new Parser();
setTheme({ good: "brightGreen" });
colors.enable();
await ipc.close();
