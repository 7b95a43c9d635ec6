"use strict";
// The class behind `ipc.config`, where node-ipc 9 keeps it.
module.exports = require("../index.js").Defaults;
