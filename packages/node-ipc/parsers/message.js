"use strict";
// The parser that answers bad JSON with an `error` event, as node-ipc 14 exports it.
const { MessageParser } = require("../index.js");

for (const name of ["default", "MessageParser"]) {
  Object.defineProperty(MessageParser, name, {
    configurable: true,
    enumerable: true,
    value: MessageParser,
  });
}

module.exports = MessageParser;

// Node finds the name for `import { MessageParser } from` in what follows, which never runs.
// oxlint-disable-next-line no-unused-expressions, no-constant-binary-expression -- it is read, not run
0 && (module.exports = { MessageParser });
