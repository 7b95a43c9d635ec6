/** A server over connections: Unix sockets, pipes, TCP and TLS. */
import type { Socket, Server as StreamServer } from "node:net";
import type { SocketConnection, SocketListener } from "myelin";
import type { Backend, BackendOwner, Peer } from "./backend.ts";
import { claimedId, heldBack, serverEvents } from "./inbound.ts";
import { createParser } from "./parser/create-parser.ts";
import { IPCProtocolError, toIpcError } from "./protocol-error.ts";
import { serverRoute } from "./route.ts";
import { Wire, type WireOwner, type WireRules } from "./wire.ts";

const wireOf: unique symbol = Symbol("node-ipc.wire");

type WiredSocket = Socket & { [wireOf]?: Wire; id?: unknown };

export class StreamBackend implements Backend, WireOwner {
  readonly #server: BackendOwner;
  readonly #rules: WireRules;
  readonly #identifiesPeers: boolean;
  readonly #connections = new Set<Wire>();
  readonly #told = new WeakSet<object>();
  #real: StreamServer | undefined;
  #listener: SocketListener | undefined;
  #stopped = false;
  #isReferenced = true;

  constructor(server: BackendOwner) {
    const { config } = server;
    this.#server = server;
    this.#identifiesPeers = config.identifyPeer;
    this.#rules = { parser: createParser(config), heldBack: heldBack(serverEvents, config) };
  }

  get isRaw(): boolean {
    return this.#rules.parser.raw === true;
  }

  async listen(): Promise<void> {
    const server = this.#server;
    const { path, port, config } = server;
    const profile = this.#rules.parser.profile;
    const { transport, address } = serverRoute({ path, port, config, profile });
    const listener = await transport.listen(address, (connection) => this.#accept(connection), {
      onServer: (real) => {
        server.server = real;
        this.#real = real;
        this.reference(this.#isReferenced);
        real.on("tlsClientError", (error: Error) => {
          if (!config.silent) server.log("a TLS handshake failed", error.message);
        });
      },
    });
    this.#listener = listener;
    listener.onError = (error) => server.tellError(toIpcError(error));
    if (this.#stopped) await listener.close();
  }

  emit(peer: Peer | undefined, type: unknown, data: unknown): boolean {
    const frame = this.#rules.parser.encode(type, data);
    const wire = (peer as WiredSocket | undefined)?.[wireOf];
    if (wire !== undefined) return this.#write(wire, frame);
    // Anything that can be written to, as before: a socket that the program accepted elsewhere.
    const writable = peer as Socket | undefined;
    if (typeof writable?.write === "function") return writable.write(frame);
    throw new TypeError("server.emit(socket, type, data) needs the socket to send to");
  }

  broadcast(type: unknown, data: unknown): boolean {
    const frame = this.#rules.parser.encode(type, data);
    let writable = true;
    // A copy: an `error` handler may take a socket out of the program's list.
    for (const socket of [...this.#server.sockets]) {
      const wire = (socket as WiredSocket)[wireOf];
      if (wire?.usable && !wire.write(frame)) writable = false;
    }
    return writable;
  }

  stop(): void {
    this.#stopListening();
    for (const wire of this.#connections) wire.linger();
  }

  async flush(): Promise<void> {
    await Promise.all(Array.from(this.#connections, (wire) => wire.flushed()));
  }

  async close(timeoutMs: number): Promise<void> {
    this.#stopListening();
    const closing = Array.from(this.#connections, (wire) => {
      wire.flush();
      return wire.connection.close({ timeoutMs });
    });
    const results = await Promise.allSettled(closing);
    const failures = results.filter((result) => result.status === "rejected");
    if (failures.length === 0) return;
    const message = `${failures.length} clients ended before everything was delivered`;
    const cause = failures[0]?.reason as unknown;
    throw new IPCProtocolError("ERR_IPC_UNDELIVERED", message, { cause, count: failures.length });
  }

  reference(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    const method = isReferenced ? "ref" : "unref";
    this.#real?.[method]();
    for (const wire of this.#connections) wire.connection.socket[method]();
  }

  onMessage(wire: Wire, type: string, data: unknown): void {
    const socket = wire.connection.socket as WiredSocket;
    const id = this.#identifiesPeers ? claimedId(data) : undefined;
    if (id !== undefined) socket.id = id;
    this.#server.receive(type, data, socket);
  }

  onRaw(wire: Wire, bytes: Buffer): void {
    this.#server.receive("data", bytes, wire.connection.socket);
  }

  onWireError(wire: Wire, error: Error): void {
    this.#server.tellError(error, wire.connection.socket);
  }

  onWireClose(wire: Wire, error: Error | undefined): void {
    const server = this.#server;
    const socket = wire.connection.socket as WiredSocket;
    this.#connections.delete(wire);
    const index = server.sockets.indexOf(socket);
    if (index !== -1) server.sockets.splice(index, 1);
    if (error !== undefined) server.tellError(error, socket);
    server.publish("socket.disconnected", socket, socket.id || false);
    server.publish("close", socket);
  }

  #accept(connection: SocketConnection): void {
    const wire = new Wire(connection, this, this.#rules);
    const socket = connection.socket as WiredSocket;
    socket[wireOf] = wire;
    if (!this.#isReferenced) socket.unref();
    this.#connections.add(wire);
    this.#server.sockets.push(socket);
    if (!this.#server.config.silent) this.#server.log("socket connected to", this.#server.path);
    this.#server.publish("connect", socket);
    wire.open();
  }

  #write(wire: Wire, frame: string | Uint8Array): boolean {
    if (wire.usable) return wire.write(frame);
    const { socket } = wire.connection;
    if (this.#told.has(socket)) return false;
    this.#told.add(socket);
    const message = "this socket has ended: what is emitted to it is not sent";
    this.#server.tellError(new IPCProtocolError("ERR_IPC_CLOSED", message), socket);
    return false;
  }

  #stopListening(): void {
    this.#stopped = true;
    if (this.#listener !== undefined) void this.#listener.close();
    // Still starting: the listener closes itself when it stands.
    else this.#real?.close();
  }
}
