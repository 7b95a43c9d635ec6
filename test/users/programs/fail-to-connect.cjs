"use strict";

// Preloaded: every attempt to connect fails as it would where FAIL_TO_CONNECT is what the system answers.
const net = require("node:net");

const code = process.env.FAIL_TO_CONNECT;

net.Socket.prototype.connect = function connect(...args) {
  const [options] = args.flat();
  const message = `connect ${code} ${options.path}`;
  const error = Object.assign(new Error(message), {
    code,
    syscall: "connect",
    address: options.path,
  });
  process.nextTick(() => this.destroy(error));
  return this;
};
