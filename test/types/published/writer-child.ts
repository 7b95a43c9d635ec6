// A privileged child that reports progress and its own errors to the parent (an image writer).
import * as ipc from "node-ipc";

const parent = process.env.IPC_SERVER_ID as string;
ipc.config.id = process.env.IPC_CLIENT_ID as string;
ipc.config.socketRoot = process.env.IPC_SOCKET_ROOT as string;
ipc.config.silent = true;
ipc.config.stopRetrying = true;

function log(message: string): void {
  ipc.of[parent].emit("log", message);
}

async function terminate(code: number): Promise<void> {
  ipc.disconnect(parent);
  await new Promise<void>((resolve) => setImmediate(resolve));
  process.exit(code);
}

function handleError(error: Error): void {
  ipc.of[parent].emit("error", { name: error.name, message: error.message });
  void terminate(1);
}

ipc.connectTo(parent, () => {
  ipc.of[parent].on("error", handleError);
  ipc.of[parent].on("disconnect", () => void terminate(0));
  // oxlint-disable-next-line typescript/no-misused-promises -- programs do so
  ipc.of[parent].on("write", async ({ image, drives }: { image: string; drives: string[] }) => {
    log(`${image} to ${drives.length}`);
    ipc.of[parent].emit("done", { results: drives });
  });
  ipc.of[parent].on("connect", () => ipc.of[parent].emit("ready", {}));
});
