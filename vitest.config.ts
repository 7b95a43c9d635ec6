import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Tests run on the sources (the "@myelin/source" condition), except the drop-in's, which use the
// bundle that users get: the global set-up builds it.
export default defineConfig({
  resolve: { conditions: ["@myelin/source"] },
  ssr: { resolve: { conditions: ["@myelin/source"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["test/support/build-drop-in.ts"],
    pool: "forks",
    // The tests wait more than they compute.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
