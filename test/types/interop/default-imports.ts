// Default imports of the files by path need esModuleInterop, as they did with node-ipc 9.

import colors from "node-ipc/colors";
import Defaults from "node-ipc/entities/Defaults";
import main from "node-ipc/node-ipc";
import Parser from "node-ipc/parsers";
import MessageParser from "node-ipc/parsers/message";
import IPC from "node-ipc/services/IPC";

const instance: IPC = new IPC();
instance.config = new Defaults();
instance.config.parser = class extends Parser {
  decode(frame: string): unknown {
    return super.decode(frame.trim());
  }
};
instance.config.parser = new MessageParser();
main.config.parser = new Parser.GuardedParser();
colors.setTheme({ data: "grey" });
