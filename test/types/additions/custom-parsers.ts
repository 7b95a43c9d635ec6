// Parsers of one's own: an object, a class from nothing, and classes that extend ours.
import ipc = require("node-ipc");
import parsers = require("node-ipc/parsers");
import messageParsers = require("node-ipc/parsers/message");

import { GuardedParser, IPCProtocolError, Parser, RawParser } from "node-ipc/parsers";
import { MessageParser } from "node-ipc/parsers/message";

ipc.config.parser = {
  encode: (type, data) => `${JSON.stringify([type, data])}\n`,
  read(remainder, data: string, receive) {
    const lines = (remainder + data).split("\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      const [type, content] = JSON.parse(line);
      receive({ type, data: content });
    }
    return rest;
  },
};

class Upper extends Parser {
  encode(type: string, data?: unknown): string {
    return super.encode(type.toUpperCase(), data);
  }
}
class Strict extends GuardedParser {
  validateType(type: any): void {
    super.validateType(type);
    if (type.includes(" ")) throw new IPCProtocolError("ERR_IPC_INVALID_EVENT", "no blanks");
  }
}
class Hex extends RawParser {
  constructor() {
    super({ encoding: "hex" });
  }
}
class Patient extends MessageParser {
  decode(frame: string) {
    const message = super.decode(frame);
    return { type: message.type, data: message.data };
  }
}
ipc.config.parser = Upper;
ipc.config.parser = new Strict({ maxMessageSize: 1024 });
ipc.config.parser = new Hex();
ipc.config.parser = Patient;
ipc.config.parser = new parsers.AssuredParser({ allowedEvents: ["a"] });
ipc.config.parser = ipc.createParser(ipc.config);
ipc.config.parser = new parsers();
ipc.config.parser = new messageParsers.default();
export const guarded: parsers.GuardedParser = new ipc.GuardedParser();
export const same: parsers.FastParser = new parsers.FastParser();
export const names: readonly string[] = Array.from(parsers.reservedEventTypes);
