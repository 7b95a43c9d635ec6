// A test runner drives an application through a per-run channel (a browser provider).
import { connectTo, IPC } from "node-ipc";

interface Message {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export class Host {
  private readonly ipc = new IPC();
  private client: any = null;
  private nextId = 0;
  private readonly pending = new Map<number, (message: Message) => void>();

  constructor(private readonly config: { serverId: string }) {
    this.ipc.config.id = config.serverId;
    this.ipc.config.retry = 500;
    this.ipc.config.sync = false;
    this.ipc.config.silent = true;
  }

  async start(): Promise<void> {
    return new Promise((resolve) => {
      this.ipc.serve(() => {
        this.ipc.server.on("connect", (socket) => {
          this.client = socket;
        });
        this.ipc.server.on("answer", (message: Message) => this.pending.get(message.id)?.(message));
        resolve();
      });
      this.ipc.server.start();
    });
  }

  async perform(command: string, ...args: unknown[]): Promise<unknown> {
    const id = (this.nextId += 1);
    this.ipc.server.emit(this.client, command, { id, args });
    return new Promise((resolve) => {
      this.pending.set(id, ({ result }) => {
        this.pending.delete(id);
        resolve(result);
      });
    });
  }

  stop(): void {
    this.ipc.server.stop();
  }
}

export function follow(id: string): void {
  connectTo(id, function connected() {});
}
