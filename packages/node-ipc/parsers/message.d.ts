// The parser that answers bad JSON with an `error` event, as node-ipc 14 exports it.
import ipc = require("../index");

/** The parser, and the module that carries it. */
declare const MessageParser: MessageParser.Exports;

declare namespace MessageParser {
  /** The names of this module. */
  interface Exports {
    new (config?: Partial<ipc.Config>): ipc.MessageParser;
    /** The same class. */
    readonly default: Exports;
    /** The same class. */
    readonly MessageParser: Exports;
  }
  type MessageParser = ipc.MessageParser;
}

export = MessageParser;
