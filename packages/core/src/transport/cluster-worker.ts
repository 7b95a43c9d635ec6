/** Whether this process is one of several that share what they listen at. */
import type { Cluster } from "node:cluster";
import { createRequire } from "node:module";

let cluster: Cluster | undefined;

/**
 * In a worker of `node:cluster` the primary owns the addresses. Asked when a server listens, because
 * Node loads that module then anyway, and not on import.
 */
export function isClusterWorker(): boolean {
  cluster ??= createRequire(process.execPath)("node:cluster") as Cluster;
  return cluster.isWorker;
}
