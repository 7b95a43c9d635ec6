"use strict";
// The class of instances, where node-ipc 9 keeps it.
module.exports = require("../index.js").IPC;
