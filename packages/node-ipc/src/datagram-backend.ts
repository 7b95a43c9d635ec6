/** A server over UDP, which is a client as well: it sends to whoever it is told or has heard from. */
import type { Socket as DatagramSocket } from "node:dgram";
import {
  bindDatagram,
  type DatagramEndpoint,
  type DatagramSource,
  type MyelinError,
  toMyelinError,
} from "myelin";
import type { Backend, BackendOwner, DatagramPeer, Peer } from "./backend.ts";
import type { WireParser } from "./defaults.ts";
import { checkedName, claimedId, heldBack, reservedEvent, serverEvents } from "./inbound.ts";
import { createParser } from "./parser/create-parser.ts";
import type { Parser } from "./parser/parser.ts";
import { IPCProtocolError, toIpcError } from "./protocol-error.ts";
import { assuredTransport } from "./route.ts";

interface Outgoing {
  bytes: Uint8Array;
  peer: DatagramPeer;
}

/** Forged addresses would fill the list of peers; the one longest unheard makes room. */
const maxPeers = 1_000;

/** A datagram emitted before the socket is bound waits; so many, then the newest are refused. */
const maxEarlyDatagrams = 1_000;

export class DatagramBackend implements Backend {
  readonly #server: BackendOwner;
  readonly #parser: WireParser;
  readonly #heldBack: ReadonlySet<string>;
  readonly #identifiesPeers: boolean;
  /** The peers heard last, the latest at the end. */
  readonly #peers = new Map<string, DatagramPeer>();
  #latest: DatagramPeer | undefined;
  #socket: DatagramSocket | undefined;
  #endpoint: DatagramEndpoint | undefined;
  #bound: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #isReferenced = true;
  #early: Outgoing[] = [];
  #underWay = 0;
  #idleWaiters: (() => void)[] = [];
  #stopped = false;

  constructor(server: BackendOwner) {
    const { config } = server;
    this.#server = server;
    this.#parser = createParser(config);
    this.#identifiesPeers = config.identifyPeer;
    this.#heldBack = heldBack(serverEvents, config);
    if (this.#parser.profile === "assured")
      throw assuredTransport("assured servers cannot use UDP");
  }

  get isRaw(): boolean {
    return this.#parser.raw === true;
  }

  listen(): Promise<void> {
    this.#bound = this.#bind();
    return this.#bound;
  }

  emit(peer: Peer | undefined, type: unknown, data: unknown): boolean {
    const target = peer as Partial<DatagramPeer> | undefined;
    if (typeof target?.address !== "string" || !target.port) return this.broadcast(type, data);
    if (this.#stopped) return false;
    this.#send(this.#encode(type, data), target as DatagramPeer);
    return true;
  }

  broadcast(type: unknown, data: unknown): boolean {
    if (this.#stopped) return false;
    const bytes = this.#encode(type, data);
    for (const peer of this.#server.sockets) this.#send(bytes, peer as DatagramPeer);
    return true;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#peers.clear();
    this.#latest = undefined;
    // The array is the program's to read; the peers in it are forgotten.
    this.#server.sockets.length = 0;
    this.#ending = this.#end();
  }

  /** Also what was emitted before the socket was bound goes out first. */
  async flush(): Promise<void> {
    await this.#bound?.catch(() => {});
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      this.#idleWaiters.push(resolve);
    });
  }

  async close(): Promise<void> {
    this.stop();
    await this.#ending;
  }

  reference(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    this.#socket?.[isReferenced ? "ref" : "unref"]();
  }

  async #bind(): Promise<void> {
    const server = this.#server;
    const family = server.udp6 ? 6 : 4;
    const address = { host: server.path, port: server.port ?? 0, family } as const;
    const sink = {
      onDatagram: (bytes: Buffer, source: DatagramSource) => this.#receive(bytes, source),
      onError: (error: MyelinError) => server.tellError(datagramError(error)),
      onClose: () => {},
    };
    const onSocket = (socket: DatagramSocket): void => {
      server.server = socket;
      this.#socket = socket;
      this.reference(this.#isReferenced);
    };
    const endpoint = await bindDatagram(address, sink, { onSocket });
    this.#endpoint = endpoint;
    describe(endpoint.socket, endpoint);
    if (!this.#stopped) server.publish("connect", endpoint.socket);
    for (const { bytes, peer } of this.#early.splice(0)) this.#send(bytes, peer);
  }

  async #end(): Promise<void> {
    await this.flush();
    await this.#endpoint?.close();
  }

  #encode(type: unknown, data: unknown): Uint8Array {
    const frame = this.#parser.encode(type, data);
    return typeof frame === "string" ? Buffer.from(frame, this.#parser.encoding ?? "utf8") : frame;
  }

  #send(bytes: Uint8Array, peer: DatagramPeer): void {
    const endpoint = this.#endpoint;
    if (endpoint === undefined) {
      if (this.#early.length < maxEarlyDatagrams) this.#early.push({ bytes, peer });
      else this.#server.tellError(new IPCProtocolError("ERR_IPC_QUEUE_FULL", "not bound yet"));
      return;
    }
    this.#underWay += 1;
    try {
      endpoint.send(bytes, peer.port, peer.address, (error) => this.#sent(error));
    } catch (error) {
      // The program closed the real socket itself.
      this.#sent(toMyelinError(error));
    }
  }

  #sent(error: MyelinError | undefined): void {
    this.#underWay -= 1;
    if (error !== undefined) this.#server.tellError(datagramError(error));
    if (this.#underWay > 0) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #receive(bytes: Buffer, source: DatagramSource): void {
    if (this.#stopped) return;
    const peer = this.#peerOf(source);
    const parser = this.#parser;
    if (parser.raw) {
      this.#server.receive("data", Buffer.from(bytes), peer);
      return;
    }
    try {
      const text = bytes.toString(parser.encoding ?? "utf8");
      const rest = parser.read("", text, (message) => this.#deliver(message, peer));
      // A datagram holds whole messages: nothing that follows can complete this one.
      if (rest) {
        const message = "a datagram ended in the middle of a message";
        throw new IPCProtocolError("ERR_IPC_INVALID_MESSAGE", message);
      }
    } catch (error) {
      this.#server.tellError(toIpcError(error), peer);
    }
  }

  #deliver(message: unknown, peer: DatagramPeer): void {
    const name = checkedName(message, (this.#parser as Partial<Parser>).maxEventNameLength);
    if (this.#heldBack.has(name)) {
      this.#server.tellError(reservedEvent(name), peer);
      return;
    }
    const { data } = message as { data?: unknown };
    const id = this.#identifiesPeers ? claimedId(data) : undefined;
    if (id !== undefined) peer.id = id;
    this.#server.receive(name, data, peer);
  }

  #peerOf(source: DatagramSource): DatagramPeer {
    const latest = this.#latest;
    if (latest?.port === source.port && latest.address === source.address) return latest;
    const key = `${source.port} ${source.address}`;
    let peer = this.#peers.get(key);
    if (peer === undefined) {
      const { address, port, family } = source;
      peer = { address, port, family };
      this.#server.sockets.push(peer);
    } else {
      this.#peers.delete(key);
    }
    this.#peers.set(key, peer);
    this.#latest = peer;
    if (this.#peers.size > maxPeers) this.#forgetOldest();
    return peer;
  }

  #forgetOldest(): void {
    for (const [key, peer] of this.#peers) {
      this.#peers.delete(key);
      const { sockets } = this.#server;
      const index = sockets.indexOf(peer);
      if (index !== -1) sockets.splice(index, 1);
      return;
    }
  }
}

/** node-ipc 9 gave the start event an object with these two; programs print them. */
function describe(socket: DatagramSocket, endpoint: DatagramEndpoint): void {
  const { host, port } = endpoint.address;
  const address = socket.address.bind(socket);
  Object.assign(socket, { port, address: Object.assign(address, { toString: () => host }) });
}

function datagramError(error: MyelinError): Error {
  const code = error.code === "ERR_TOO_LARGE" ? "ERR_IPC_DATAGRAM_TOO_LARGE" : undefined;
  return code === undefined
    ? toIpcError(error)
    : new IPCProtocolError(code, error.message, { cause: error });
}
