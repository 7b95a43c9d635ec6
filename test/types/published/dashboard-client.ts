// A command that tells a dashboard how far it is, if one runs (a build tool's plugin).
import * as ipc from "node-ipc";

type Listener = (data: unknown) => void;

export class Messenger {
  readonly id: string;
  connected = false;
  private queue: object[] | null = [];
  private readonly listeners: Listener[] = [];

  constructor(options: { networkId?: string; autoConnect?: boolean } = {}) {
    this.id = options.networkId ?? ipc.config.id;
    ipc.config.id = this.id;
    ipc.config.retry = 1500;
    ipc.config.silent = true;
    if (options.autoConnect !== false) this.connect();
  }

  connect(): void {
    ipc.connectTo(this.id, () => {
      this.connected = true;
      for (const message of this.queue ?? []) ipc.of[this.id].emit("message", message);
      this.queue = null;
      ipc.of[this.id].on("message", this.onMessage);
    });
  }

  send(data: object): void {
    if (this.connected) ipc.of[this.id].emit("message", { data });
    else this.queue?.push(data);
  }

  disconnect(): void {
    this.connected = false;
    ipc.of[this.id].off("message", this.onMessage);
    ipc.disconnect(this.id);
  }

  private readonly onMessage = (data: unknown): void => {
    for (const listener of this.listeners) listener(data);
  };
}
