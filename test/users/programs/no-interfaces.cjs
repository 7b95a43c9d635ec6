"use strict";

// Preloaded: a sandbox, a phone or a pod where a program may not ask for the machine's network interfaces.
require("node:os").networkInterfaces = () => {
  throw Object.assign(new Error("uv_interface_addresses returned Unknown system error 13"), {
    code: "ERR_SYSTEM_ERROR",
  });
};
