"use strict";
// The CommonJS file of node-ipc 10 to 12, for programs that name it.
module.exports = require("./index.js");
