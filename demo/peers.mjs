// The implementations that talk to each other: our drop-in, the real node-ipc from npm, and the library itself.
import { pathToFileURL } from "node:url";

// The variable is there for the tests, which put a lying peer in our place and expect to be told.
const ours = process.env.MYELIN_DEMO_OURS;

/**
 * name: as in the table. specifier: what a peer process imports.
 * missing: why this Node cannot run it, or undefined.
 */
export const peers = {
  ours: {
    name: "ours",
    specifier: ours === undefined ? "@myelin/node-ipc" : pathToFileURL(ours).href,
    missing: undefined,
  },
  myelin: { name: "myelin", specifier: "myelin", missing: undefined },
  nine: { name: "9.2.1", specifier: "node-ipc-9", missing: undefined },
  fourteen: {
    name: "14.0.0",
    specifier: "node-ipc-14",
    // It is an ES module that requires others: from Node 20.19 and 22.12 on.
    missing: process.features.require_module
      ? undefined
      : `14.0.0 does not run on Node ${process.version}`,
  },
};
