// A detached child that serves a test chain to commands that come and go (a smart contract suite).
import IPC = require("node-ipc");

class LifecycleSupervisor {
  private readonly exitHandler = (): void => IPC.server.stop();
  private connected = 0;

  handle(): void {
    process.on("exit", this.exitHandler);
    IPC.server.on("connect", () => {
      this.connected += 1;
    });
    IPC.server.on("socket.disconnected", (socket, id) => {
      this.connected -= 1;
      IPC.log(id, socket.remoteAddress);
    });
  }
}

IPC.config.id = "chain";
IPC.config.socketRoot = IPC.config.socketRoot.replace(/\/?$/, "/");
IPC.config.logger = (message: string) => process.send?.(message);

function logQuietly(event: string, data: unknown): void {
  IPC.config.silent = true;
  IPC.server.broadcast(event, data);
  IPC.config.silent = false;
}

IPC.serve(() => {
  new LifecycleSupervisor().handle();
  IPC.server.on("connect", (socket) => IPC.server.emit(socket, "truffle.ready"));
  logQuietly("log", { blocks: 1 });
});
IPC.server.start();
