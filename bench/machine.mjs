// What the figures were measured on; without it they mean nothing.
import { cpus, loadavg } from "node:os";

export function machine() {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

export function machineLine({ cpu, cores, node, platform }) {
  return `${cpu}, ${cores} cores, ${platform}, Node.js ${node}`;
}

/** Processes that wanted to run in the last minute, on average: 0 on Windows, which does not know. */
export const load = () => loadavg()[0];

/** Whether others were at work already; then only the counts can be believed. */
export const isBusy = () => load() > 0.5;
