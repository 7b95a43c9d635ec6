"use strict";

// What a program under test starts with: the node-ipc that the test chose, and its line to the test.
//
//   import { ipc, options, report, onCommand } from "../support/load-node-ipc.cjs";
//
// CommonJS, so that programs of both kinds can load it on every Node.js. By hand, from the repository's root:
//   NODE_IPC_MODULE=node-ipc-9 NODE_IPC_ROOT=/tmp/ node test/support/fixtures/echo-server.mjs

const loaded = require(process.env.NODE_IPC_MODULE);

/** The singleton: 9.x exports it, 10 to 14 export a module around it, ours is both. */
const ipc = typeof loaded.serve === "function" ? loaded : loaded.default;

ipc.config.silent = true;
if (process.env.NODE_IPC_ROOT) ipc.config.socketRoot = process.env.NODE_IPC_ROOT;

/** What the test passed as `options`. */
const options = JSON.parse(process.env.PROGRAM_OPTIONS || "{}");

/** Tells the test something; fields travel by structured clone, so undefined, NaN and Buffers arrive as they are. */
function report(type, fields) {
  const message = { ...fields, type };
  if (process.connected) process.send(message);
  else console.log(message);
}

/** Runs `handler(command)` for what the test sends; from then on the line keeps this process alive. */
function onCommand(handler) {
  process.channel?.ref();
  process.on("message", handler);
}

// A test that died cannot stop its programs, and a program that has nothing left to do shall end.
process.on("disconnect", () => process.exit());
process.channel?.unref();

module.exports = { ipc, options, report, onCommand };
