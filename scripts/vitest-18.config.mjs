// For Node 18, which only the drop-in supports: its own tests and those against the real packages,
// under a vitest of that time. The tests say `vitest` and get the one that runs them.
import { fileURLToPath } from "node:url";

const vitest = new URL("../.cache/vitest-3.2.7/node_modules/vitest/dist/index.js", import.meta.url);

export default {
  root: fileURLToPath(new URL("..", import.meta.url)),
  resolve: {
    conditions: ["@myelin/source"],
    alias: [{ find: /^vitest$/, replacement: fileURLToPath(vitest) }],
  },
  ssr: { resolve: { conditions: ["@myelin/source"] } },
  test: {
    include: [
      "packages/node-ipc/test/**/*.test.ts",
      "test/interop/**/*.test.ts",
      "test/users/**/*.test.ts",
    ],
    globalSetup: ["test/support/build-drop-in.ts"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
};
