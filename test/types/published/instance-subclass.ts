// Programs extend the class of instances and keep what they like in its place.
import { IPC } from "node-ipc";

export class Handler extends IPC {
  server: any;

  constructor(private readonly name: string) {
    super();
    this.server = null;
    this.config.id = this.name;
    this.config.maxRetries = 3 as any;
    this.init();
  }

  init(): void {
    this.connectTo("gui", () => {
      this.server = this.of.gui;
      this.server.on("connect", this.connected.bind(this));
    });
  }

  connected(): void {
    this.server.emit("info", { name: this.name });
  }
}

export class Counting extends IPC {
  count = 0;

  log(...args: any[]): void {
    this.count += args.length;
  }
}
