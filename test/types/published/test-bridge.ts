// Primary and workers of a test runner share a session (end-to-end tests of mobile apps).
import { IPC } from "node-ipc";

type Server = InstanceType<typeof IPC>["server"];

export class BridgeServer {
  private readonly ipc = new IPC();
  private workers = 0;

  constructor(id: string) {
    Object.assign(this.ipc.config, {
      id,
      appspace: "bridge.",
      logger: (text: string) => void text,
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.ipc.serve(resolve);
      this.ipc.server.on("registerWorker", this.onRegister);
      this.ipc.server.start();
    });
  }

  broadcast(...args: Parameters<Server["broadcast"]>): void {
    this.ipc.server.broadcast(...args);
  }

  private readonly onRegister = ({ id }: { id: string }, socket: any): void => {
    this.workers += 1;
    this.ipc.server.emit(socket, "registered", { id, workers: this.workers });
  };
}

export class BridgeClient {
  private readonly ipc = new IPC();

  constructor(private readonly serverId: string) {
    this.ipc.config.maxRetries = 0;
  }

  async init(): Promise<void> {
    await new Promise<void>((resolve) => this.ipc.connectTo(this.serverId, resolve));
    await new Promise((resolve, reject) => {
      this.ipc.of[this.serverId].on("error", reject);
      this.ipc.of[this.serverId].on("connect", resolve);
    });
  }

  async ask<T>(event: string, payload: object): Promise<T> {
    const server = this.ipc.of[this.serverId];
    return new Promise<T>((resolve, reject) => {
      const onDone = (data: T): void => {
        server.off(`${event}Done`, onDone);
        resolve(data);
      };
      server.on("error", reject);
      server.on(`${event}Done`, onDone);
      server.emit(event, payload);
    });
  }
}
