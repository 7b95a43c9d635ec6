import { ipc } from "../../support/load-node-ipc.cjs";

/**
 * Starts the server that `ipc.serve` or `serveNet` made; resolves when it listens, on every version: 9 to 12 make the
 * real server only after they have removed the old socket file. Rejects with what the server says instead.
 */
export function listening({ server } = ipc) {
  return new Promise((resolve, reject) => {
    server.on("start", resolve);
    server.on("error", reject);
    server.start();
  });
}
