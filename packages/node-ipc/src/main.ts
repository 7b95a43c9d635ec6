/**
 * The package's one module object: an instance, ready to use, which also carries the classes. The
 * bundler's last line makes it `module.exports`, so that `require` and `import` share it.
 */
import { Defaults } from "./defaults.ts";
import { IPCModule } from "./ipc.ts";
import { createParser } from "./parser/create-parser.ts";
import { AssuredParser, GuardedParser, reservedEventTypes } from "./parser/guarded-parser.ts";
import { MessageParser } from "./parser/message-parser.ts";
import { Parser } from "./parser/parser.ts";
import { RawParser } from "./parser/raw-parser.ts";
import { IPCProtocolError } from "./protocol-error.ts";

const ipc = new IPCModule();

const named = {
  AssuredParser,
  createParser,
  default: ipc,
  Defaults,
  FastParser: Parser,
  GuardedParser,
  IPCModule,
  IPCProtocolError,
  MessageParser,
  Parser,
  RawParser,
  reservedEventTypes,
};
// Not enumerable: copies of the object, and programs that walk it, see an instance of node-ipc.
for (const [name, value] of Object.entries(named)) {
  Object.defineProperty(ipc, name, { value, enumerable: false, configurable: true });
}

export default ipc;
