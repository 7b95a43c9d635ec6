import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Tests run on the sources (the "@myelin/source" condition), except the drop-in's, which use the
// bundle that users get: the global set-up builds it.
const sources = {
  resolve: { conditions: ["@myelin/source"] },
  ssr: { resolve: { conditions: ["@myelin/source"] } },
};

/**
 * Files that look at what the whole process has (memory, handles, signals, rejections), change it (its environment,
 * modules of Node's), measure how long something takes, or load the drop-in, which is one instance for a process.
 */
const alone = [
  "packages/node-ipc/test/**/*.test.ts",
  "packages/core/test/findings/**/*.test.ts",
  "packages/core/test/limits/**/*.test.ts",
  "packages/core/test/bytes/byte-queue.test.ts",
  "packages/core/test/chaos/chaos.test.ts",
  "packages/core/test/clock.test.ts",
  "packages/core/test/conformance/local.test.ts",
  "packages/core/test/conformance/unix-without-links.test.ts",
  "packages/core/test/endpoint/closing-by-signal.test.ts",
  "packages/core/test/endpoint/ends.test.ts",
  "packages/core/test/endpoint/lifecycle.test.ts",
  "packages/core/test/endpoint/message-extras.test.ts",
  "packages/core/test/endpoint/posts.test.ts",
  "packages/core/test/framing/length-prefix.test.ts",
  "packages/core/test/session/handshake/greeting.test.ts",
  "packages/core/test/session/hostile-bytes.test.ts",
  "packages/core/test/transport/local.test.ts",
  "packages/core/test/transport/socket-file.test.ts",
];

const every = {
  pool: "forks",
  // The tests wait more than they compute.
  maxWorkers: Math.max(2, availableParallelism()),
  testTimeout: 30_000,
  hookTimeout: 30_000,
} as const;

const equalBytes = "test/support/equal-bytes.ts";

/** To start a process for a file takes longer than most files do. */
const together = {
  ...every,
  isolate: false,
  setupFiles: ["test/support/fresh-modules.ts", equalBytes],
};

export default defineConfig({
  test: {
    globalSetup: ["test/support/build-drop-in.ts"],
    // They run in the order of their names, the small files last: so no worker is left with a long one at the end.
    projects: [
      {
        ...sources,
        test: { ...every, name: "alone", include: alone, setupFiles: [equalBytes] },
      },
      { ...sources, test: { ...together, name: "programs", include: ["test/**/*.test.ts"] } },
      {
        ...sources,
        test: {
          ...together,
          name: "shared",
          include: ["packages/*/test/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...alone],
        },
      },
    ],
  },
});
