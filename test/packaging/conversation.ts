// The program of node-ipc's README, in each way to import: a server and a client in one process.

/** Expects the instance as `ipc`; ends by itself. */
const body = `
ipc.config.socketRoot = process.env.SOCKET_ROOT;
ipc.config.id = "world";
ipc.config.silent = true;
ipc.serve(() => {
  ipc.server.on("question", (data, socket) => ipc.server.emit(socket, "answer", data * 2));
  ipc.connectTo("world", () => {
    ipc.of.world.on("connect", () => ipc.of.world.emit("question", 21));
    ipc.of.world.on("answer", (data) => {
      console.log("answer", data);
      ipc.disconnect("world");
      ipc.server.stop();
    });
  });
});
ipc.server.start();
`;

export const answer = "answer 42\n";

export interface Conversation {
  readonly form: string;
  /** `.cjs` or `.mjs` says how Node reads it. */
  readonly file: string;
  readonly source: string;
}

export const required: Conversation = {
  form: "require",
  file: "require.cjs",
  source: `const ipc = require("node-ipc");${body}`,
};

export const requiredDefault: Conversation = {
  form: "require, default",
  file: "require-default.cjs",
  source: `const { default: ipc } = require("node-ipc");${body}`,
};

export const importedDefault: Conversation = {
  form: "import default",
  file: "default.mjs",
  source: `import ipc from "node-ipc";${body}`,
};

export const importedNames: Conversation = {
  form: "import names",
  file: "names.mjs",
  source: `import { IPC } from "node-ipc";\nconst ipc = new IPC();${body}`,
};

export const importedNamespace: Conversation = {
  form: "import *, default",
  file: "namespace.mjs",
  source: `import * as namespace from "node-ipc";\nconst ipc = namespace.default;${body}`,
};

/**
 * The commonest form in TypeScript programs. Bundlers give it the live object; in Node itself
 * `server` would stay what it was at import.
 */
export const liveNamespace: Conversation = {
  form: "import *",
  file: "namespace-live.mjs",
  source: `import * as ipc from "node-ipc";${body}`,
};
