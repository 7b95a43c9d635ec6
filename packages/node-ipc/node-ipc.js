"use strict";
// The main file of node-ipc 9 to 14, for programs that name it.
module.exports = require("./index.js");
