// The parser classes, under the names and with the default export of node-ipc 14.
import ipc = require("./index");

/** The parser of the profile `fast`, and the module that carries the others. */
declare const Parser: Parser.Exports;

declare namespace Parser {
  /** The names of this module. */
  interface Exports {
    new (config?: Partial<ipc.Config>): ipc.Parser;
    /** The parser of the profile `fast`. */
    readonly default: Exports;
    /** The parser of the profile `fast`. */
    readonly Parser: Exports;
    /** The same class as `Parser`. */
    readonly FastParser: Exports;
    /** The parser of the profile `raw`. */
    readonly RawParser: typeof ipc.RawParser;
    /** The parser of the profile `guarded`. */
    readonly GuardedParser: typeof ipc.GuardedParser;
    /** The parser of the profile `assured`. */
    readonly AssuredParser: typeof ipc.AssuredParser;
    /** The class of the errors that have an `ERR_IPC_*` code. */
    readonly IPCProtocolError: typeof ipc.IPCProtocolError;
    /** The parser that a configuration asks for. */
    readonly createParser: typeof ipc.createParser;
    /** The names of the events that node-ipc fires itself. */
    readonly reservedEventTypes: ReadonlySet<string>;
  }
  type Parser = ipc.Parser;
  type FastParser = ipc.Parser;
  type RawParser = ipc.RawParser;
  type GuardedParser = ipc.GuardedParser;
  type AssuredParser = ipc.AssuredParser;
  type IPCProtocolError = ipc.IPCProtocolError;
}

export = Parser;
