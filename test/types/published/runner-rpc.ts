// Calls between a test runner and its worker (a runner for another host process).
import { Socket } from "net";

import ipc = require("node-ipc");

type Ipc = InstanceType<typeof ipc.IPC>;
type Methods = Record<string, (...args: any[]) => Promise<unknown>>;

export class Connection<M extends Methods> {
  private readonly ipc: Ipc = new ipc.IPC();

  constructor(private readonly methods: M) {}

  async connect(serverId: string): Promise<void> {
    return new Promise((resolve) => {
      this.ipc.config.id = serverId;
      this.ipc.config.retry = 1500;
      this.ipc.connectTo(serverId, () => {
        const server = this.ipc.of[serverId];
        server.on("connect", () => server.emit("initialize"));
        server.on("jsonrpc", (data) => {
          this.handle(data)
            .then((result) => server.emit("jsonrpc", JSON.stringify({ result })))
            .catch((error) => server.emit("jsonrpc", String(error)));
        });
        resolve();
      });
    });
  }

  private async handle({
    method,
    params,
  }: {
    method: keyof M & string;
    params: unknown[];
  }): Promise<unknown> {
    return this.methods[method](...params);
  }
}

export class RemoteProcess {
  private server?: Ipc["server"];
  private socket: Socket | null = null;

  async start(instance: Ipc): Promise<void> {
    this.server = await new Promise<Ipc["server"]>((resolve) => {
      instance.serve(() => resolve(instance.server));
      instance.server.start();
    });
    this.server.on("initialize", (_: unknown, socket: Socket) => {
      this.socket = socket;
    });
    this.server.on("jsonrpc", (data) => JSON.parse(data));
  }

  call(name: string, ...params: unknown[]): void {
    if (!this.socket) throw new Error("start() first");
    this.server?.emit(this.socket, "jsonrpc", { name, params });
  }

  stop(): void {
    this.server?.stop();
    this.socket?.destroy();
  }
}
