"use strict";

// Loads the package under the eyes of watch-imports.cjs and reports what it did to the outside.
require(process.env.NODE_IPC_MODULE);
const calls = globalThis.importing.calls.map((call) => call.split(" ").slice(0, 2).join(" "));
process.send({ type: "imported", calls: [...new Set(calls)] });
process.disconnect();
