// A reporter collects what test processes send, one server however often it is asked for.
import * as ipc from "node-ipc";

export const startServer = (
  onEvents: (server: typeof ipc.server) => void,
  offEvents: (server: typeof ipc.server) => void,
): void => {
  const existing = ipc.server;
  if (existing) {
    offEvents(existing);
    onEvents(existing);
    return;
  }
  ipc.config.id = "reporter";
  ipc.config.retry = 1500;
  ipc.config.silent = true;
  ipc.serve(() => {
    ipc.server.on("socket.disconnected", (socket, destroyedSocketID) => {
      ipc.log(`client ${destroyedSocketID} has disconnected!`, socket);
    });
    ipc.server.on("destroy", () => ipc.log("server destroyed"));
    onEvents(ipc.server);
    process.on("exit", () => ipc.server.stop());
  });
  ipc.server.start();
};

export const subscribe = (
  event: string,
  callback: Parameters<typeof ipc.server.on>[1],
): ReturnType<typeof ipc.server.on> => ipc.server.on(event, callback as (...args: any[]) => void);

const both = (isServer: boolean) => (isServer ? ipc.server : ipc.of.reporter);
both(true)
  .on("start", () => {})
  .off("start", "*");
both(false).emit("message", { launch: 1 });
