"use strict";
// The parser classes, under the names and with the default export of node-ipc 14.
const {
  AssuredParser,
  createParser,
  FastParser,
  GuardedParser,
  IPCProtocolError,
  Parser,
  RawParser,
  reservedEventTypes,
} = require("./index.js");

const exported = {
  AssuredParser,
  createParser,
  default: Parser,
  FastParser,
  GuardedParser,
  IPCProtocolError,
  Parser,
  RawParser,
  reservedEventTypes,
};

// `import Parser from` gives what `module.exports` is, so that is the class, and it carries the other
// names; enumerable, because compiled `import * as` copies such properties only. The classes that
// extend it inherit them, but must not pass for this module.
for (const [name, value] of Object.entries(exported)) {
  Object.defineProperty(Parser, name, {
    configurable: true,
    enumerable: true,
    get() {
      return this === Parser ? value : undefined;
    },
  });
}

module.exports = Parser;

// Node finds the names for `import { RawParser } from` in what follows, which never runs.
// oxlint-disable-next-line no-unused-expressions, no-constant-binary-expression -- it is read, not run
0 &&
  (module.exports = {
    AssuredParser,
    createParser,
    FastParser,
    GuardedParser,
    IPCProtocolError,
    Parser,
    RawParser,
    reservedEventTypes,
  });
