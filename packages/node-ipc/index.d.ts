// The types of the whole surface, written by hand: programs that were written against
// @types/node-ipc compile with them unchanged, and `export =` serves every form of import.
// Syntax of TypeScript 4.5.
/// <reference types="node" />

import * as dgram from "dgram";
import * as net from "net";
import * as tls from "tls";

/**
 * The instance that a program shares: `import ipc from "node-ipc"` and `require("node-ipc")` both
 * give it. For an instance with a configuration of its own, `new ipc.IPC()`.
 */
declare const ipc: ipc.Singleton;

declare namespace ipc {
  /**
   * One independent node-ipc: a configuration, at most one server, and any number of clients.
   * All methods also work detached: `const { connectTo } = ipc`.
   */
  interface IPC {
    /** The settings of this instance, to be changed in place. {@link Config} says when each is read. */
    config: Config;

    /**
     * The clients by id, as `connectTo` and `connectToNet` made them. Without prototype: any id is
     * safe. `disconnect(id)` takes a client out.
     */
    of: Record<string, Client>;

    /**
     * The server that `serve` or `serveNet` made. **`false` before that**: the type leaves it out,
     * as the types of node-ipc always did.
     */
    server: Server;

    /**
     * Gives its arguments to `config.logger` as one line, objects through `util.inspect`. With
     * `config.silent` it returns at once.
     */
    log(...args: any[]): void;

    /**
     * Connects to a local socket: a Unix socket, or a named pipe on Windows. The client is
     * `ipc.of[id]` when this returns. What it emits before the connection stands waits for it.
     * For an id whose client is connected or connecting only the callback runs.
     * @param id the id of the service, and the client's name in `ipc.of`. Without one nothing happens
     * @param path the socket file; by default `config.socketRoot + config.appspace + id`. On Windows
     * it becomes the name of a pipe
     * @param callback called once, before the connection stands, with this instance: the place for
     * `ipc.of[id].on(...)`
     */
    connectTo(id: string, path?: string | false | null, callback?: ConnectCallback): void;
    connectTo(id: string, callback?: ConnectCallback): void;

    /**
     * Connects over TCP, or over TLS when `config.tls` is set. Otherwise as `connectTo`; arguments
     * may be left out as long as the order of the others holds.
     * @param id the client's name in `ipc.of`
     * @param host by default `config.networkHost`
     * @param port by default `config.networkPort`
     * @param callback called once, before the connection stands, with this instance
     */
    connectToNet(
      id: string,
      host?: string | false | null,
      port?: number | false | null,
      callback?: ConnectCallback,
    ): void;
    connectToNet(id: string, callback?: ConnectCallback): void;
    connectToNet(id: string, hostOrPort: number | string, callback?: ConnectCallback): void;

    /**
     * Ends a client for good and takes it out of `ipc.of`. What it emitted before is written first;
     * its `disconnect` and `destroy` events follow. An unknown id does nothing.
     */
    disconnect(id: string): void;

    /**
     * Makes the server for a local socket: a Unix socket, or a named pipe on Windows. It listens
     * after `ipc.server.start()`.
     * @param path the socket file; by default `config.socketRoot + config.appspace + config.id`
     * @param callback the first handler of the server's `start` event
     */
    serve(path: string | false, callback?: () => void): void;
    serve(path: null | undefined, callback: () => void): void;
    serve(callback?: () => void): void;
    serve(callback: null): void;

    /**
     * Makes the server for TCP, for TLS when `config.tls` is set, or for UDP when told so. It listens
     * after `ipc.server.start()`. Arguments may be left out as long as the order of the others holds.
     * @param host by default `config.networkHost`
     * @param port by default `config.networkPort`
     * @param UDPType makes it a UDP socket of this family: server and client at once
     * @param callback the first handler of the server's `start` event
     */
    serveNet(
      host?: string | false | null,
      port?: number | false | null,
      UDPType?: UDPType | false | null,
      callback?: () => void,
    ): void;
    serveNet(port: number, UDPType: UDPType, callback?: () => void): void;
    serveNet(port: number, callback: () => void): void;
    serveNet(host: string, UDPType: UDPType, callback?: () => void): void;
    serveNet(host: string, callback: () => void): void;
    serveNet(UDPType: UDPType, callback?: () => void): void;
    serveNet(callbackOrPort: (() => void) | number): void;
    serveNet(host: string, port: number, callback?: () => void): void;

    /**
     * Resolves when the system has taken everything that the server and the clients of this instance
     * emitted before the call: then `process.exit()` loses none of it. Messages that wait for a
     * connection are waited for. Rejects with `ERR_IPC_UNDELIVERED` when some can no longer be sent.
     */
    flush(): Promise<void>;

    /**
     * Flushes, then ends the server and all clients, and resolves when their sockets are closed and
     * the socket file is gone. Rejects with `ERR_IPC_UNDELIVERED`, after everything is closed, when
     * messages could not be handed over in time.
     */
    close(options?: CloseOptions): Promise<void>;
  }

  /** An {@link IPC} that also carries its class, as the singleton does. */
  interface IPCModule extends IPC {
    /** The class of independent instances. */
    readonly IPC: new () => IPC;
  }

  /** What the module exports. Everything beside the instance itself is left out of enumeration. */
  interface Singleton extends IPCModule {
    /** The same object, for `require("node-ipc").default` and compiled `import ipc from`. */
    readonly default: Singleton;
    /** The class of the singleton. */
    readonly IPCModule: new () => IPCModule;
    /** The class behind `config`: a fresh one has every key at its default. */
    readonly Defaults: new () => Config;
    /** The parser of the profile `fast`. */
    readonly Parser: new (
      config?: Partial<Config>,
    ) => Parser;
    /** The same class as `Parser`. */
    readonly FastParser: new (
      config?: Partial<Config>,
    ) => Parser;
    /** The parser of the profile `raw`. */
    readonly RawParser: new (
      config?: Partial<Config>,
    ) => RawParser;
    /** The parser of the profile `guarded`. */
    readonly GuardedParser: new (
      config?: Partial<Config>,
    ) => GuardedParser;
    /** The parser of the profile `assured`. Throws a TypeError without `config.allowedEvents`. */
    readonly AssuredParser: new (
      config?: Partial<Config>,
    ) => AssuredParser;
    /** The parser that turns bad JSON into an `error` event and keeps the connection. */
    readonly MessageParser: new (
      config?: Partial<Config>,
    ) => MessageParser;
    /** The class of the errors that have an `ERR_IPC_*` code. */
    readonly IPCProtocolError: new (
      code: IPCErrorCode,
      message: string,
      extra?: { cause?: unknown; count?: number },
    ) => IPCProtocolError;
    /**
     * The parser that a configuration asks for. Throws a TypeError when `config.parser` is none.
     */
    readonly createParser: (config: Config) => CustomParser;
    /** The names of the events that node-ipc fires itself. */
    readonly reservedEventTypes: ReadonlySet<string>;
  }

  /** Called before the connection stands, with the instance that connects. */
  type ConnectCallback = (() => void) | ((ipc: IPC) => void);

  /** The family of a UDP socket; capitals are understood too. */
  type UDPType = "udp4" | "udp6" | "UDP4" | "UDP6";

  /** How long closing may take. */
  interface CloseOptions {
    /** Milliseconds after which what still waits is given up and reported. Default: 5,000 */
    timeoutMs?: number | undefined;
  }

  /** Where a UDP server sends to. */
  interface SocketConfig {
    /** An IP address or a host name. */
    address?: string | undefined;
    /** A UDP port. */
    port?: number | undefined;
  }

  /** A connection of a server, as handlers get it. */
  interface ServerSocket extends net.Socket {
    /**
     * What the peer said in `data.id`, or what the program set; undefined before. A claim of the
     * peer: for an id that it cannot choose, `server.idOf(socket)`.
     */
    id?: string | number | undefined;
  }

  /** A source of datagrams, as handlers of a UDP server get it. */
  interface UDPPeer {
    /** The IP address it sends from. */
    address: string;
    /** The port it sends from. */
    port: number;
    /** What the peer said in `data.id`, or what the program set. */
    id?: string | number | undefined;
  }

  /** Bytes of a message in raw mode: a Buffer or a list of bytes. */
  type RawBytes = Uint8Array | readonly number[];

  /** What can be flushed, closed, and told not to keep the process alive. */
  interface Lifetime {
    /**
     * Resolves when the system has taken everything emitted before the call. Rejects with
     * `ERR_IPC_UNDELIVERED` when some of it can no longer be sent.
     */
    flush(): Promise<void>;
    /** Flushes, ends, and resolves when all sockets of this object are closed. */
    close(options?: CloseOptions): Promise<void>;
    /** Lets the process end although this object is open. `flush` and `close` keep it alive. */
    unref(): this;
    /** Takes `unref` back. */
    ref(): this;
  }

  /**
   * Handlers and what removes them. Handlers are called with the client or the server as `this`. An
   * `error` event that nobody handles is logged, never thrown; there is no limit of listeners.
   */
  interface Emitter {
    /**
     * Adds a handler. Of a message it gets the data, and on a server the sender as well.
     * `"*"` hears every event, as `(type, ...args)`.
     * @param once remove the handler when it has run
     */
    on(event: string, callback: (...args: any[]) => void, once?: boolean): this;
    /** Something failed. `error.code` is an {@link IPCErrorCode} or a code of Node's. */
    on(event: "error", callback: (err: any) => void): this;
    /**
     * On clients. `connect`: the connection stands, over TLS after the handshake. `disconnect`: it
     * is gone; unless the retries are used up another attempt follows. `destroy`: no further attempt.
     */
    on(event: "connect" | "disconnect" | "destroy", callback: () => void): this;
    /** On servers: a client is gone. The id is the socket's, or false when it never had one. */
    on(
      event: "socket.disconnected",
      callback: (socket: net.Socket, destroyedSocketID: string) => void,
    ): this;
    /** In raw mode: bytes have arrived. */
    on(event: "data", callback: (buffer: Buffer) => void): this;

    /** As `on`, but the handler runs only once. */
    once(event: string, callback: (...args: any[]) => void): this;

    /**
     * Removes a handler, however often it was added. `"*"` removes all handlers of the event;
     * `off("*", "*")` removes those that hear everything, and only those.
     */
    off(event: string, handler?: any): this;

    /** Removes all handlers of all events. */
    reset(): this;

    /** The handlers of each event: a copy. */
    readonly list: Record<string, Array<(...args: any[]) => void>>;

    /** Calls the handlers of this process; nothing is sent. */
    publish(event: string, ...args: any[]): this;
    /** The same as `publish`. */
    trigger(event: string, ...args: any[]): this;
    /** The same as `on`. */
    subscribe(event: string, callback: (...args: any[]) => void, once?: boolean): this;
    /** The same as `off`. */
    unsubscribe(event: string, handler?: any): this;
    /** The same as `off`. */
    unSubscribe(event: string, handler?: any): this;
  }

  /** A connection to a server: `ipc.of[id]`. It stays usable while it is down and reconnects. */
  interface Client extends Emitter, Lifetime {
    /** The id it was made with. */
    id: string;
    /** The path of the local socket, or the host. */
    path: string;
    /** The port, of a network client. */
    port?: number | undefined;
    /** The `config` object of its instance. */
    config: Config;
    /**
     * The socket of the latest attempt or connection: a `net.Socket` or a `tls.TLSSocket`. False
     * when no attempt got so far, which the type leaves out.
     */
    socket: net.Socket;
    /** With `config.sync`, the requests that wait for an answer to the one before. */
    queue: Queue;
    /** Attempts left; back at `config.maxRetries` after each success. */
    retriesRemaining: number;
    /** True after `disconnect(id)`. */
    explicitlyDisconnected: boolean;
    /** The class of clients. */
    readonly Client: new (
      ...args: any[]
    ) => Client;
    /** The `log` of its instance. */
    log(...args: any[]): void;
    /**
     * Connects anew, unless it is connected or connecting.
     * @returns `socket`
     */
    connect(): net.Socket | false;
    /** Ends the client as `ipc.disconnect(id)` does, but leaves it in `ipc.of`. */
    disconnect(): void;

    /**
     * In raw mode: sends bytes.
     * @returns false when more is waiting than the system likes to take; it was accepted all the same
     */
    emit(bytes: RawBytes): boolean;
    /**
     * Sends an event. Undefined travels as `{}`. While not connected it does what `config.offline`
     * says. In raw mode the first argument is the text to send, in `config.encoding`.
     * @returns false when it was not accepted, or when more is waiting than the system likes to take
     * @throws TypeError for data that JSON cannot express
     */
    emit(event: string, value?: any): boolean;
  }

  /**
   * A server for local sockets, TCP, TLS or UDP. Its own events: `start`, `connect(socket)`,
   * `data(buffer, socket)` in raw mode, `error(error, socket?)`, `socket.disconnected(socket, id)`,
   * `close(socket)`; a message is `(data, socket)`.
   */
  interface Server extends Emitter, Lifetime {
    /** The path of the local socket, or the host. */
    path: string;
    /** The port, of a network server. */
    port?: number | undefined;
    /** It is a UDP socket over IPv4. */
    udp4: boolean;
    /** It is a UDP socket over IPv6. */
    udp6: boolean;
    /** The `config` object of its instance. */
    config: Config;
    /**
     * Its connections. Of a UDP server: a {@link UDPPeer} for each of the 1,000 sources last heard
     * from.
     */
    sockets: ServerSocket[];
    /** The server of `node:net` or `node:tls`, or the UDP socket; false before `start()`. */
    server: net.Server | dgram.Socket | false;
    /** The `log` of its instance. */
    log(...args: any[]): void;

    /**
     * Begins to listen; the event `start` follows, or `error`: `EADDRINUSE` when another server
     * lives on the address.
     */
    start(): void;
    /** As `start()`, but resolves when it listens and rejects when it cannot. */
    listen(): Promise<void>;
    /**
     * Writes what was emitted, stops to listen, removes the socket file and ends all connections.
     * Works in handlers of `process.on("exit")` too.
     */
    stop(): void;

    /** @deprecated a slip in the older types: the socket comes first. For all, `broadcast(bytes)` */
    emit(value: any): boolean;
    /** @deprecated a slip in the older types: the socket comes first. For all, `broadcast` */
    emit(event: string, value: any): boolean;
    /**
     * Sends an event to one client, or from a UDP server to an address; without address and port
     * that is every peer it knows. Undefined travels as `{}`.
     * @returns false when it was not accepted, or when more is waiting than the system likes to take
     * @throws TypeError for data that JSON cannot express
     */
    emit(socket: net.Socket | SocketConfig, event: string, value?: any): boolean;
    /** In raw mode: sends text in `config.encoding`, a list of bytes, or a Buffer. */
    emit(socketConfig: net.Socket | SocketConfig, value?: any): boolean;

    /** In raw mode: sends bytes to every client. */
    broadcast(bytes: RawBytes): boolean;
    /**
     * Sends an event to every client; of a UDP server, to every peer it has heard from. In raw mode
     * the first argument is the text to send.
     * @returns false when it was not accepted for a client, or when more is waiting for one than the
     * system likes to take
     */
    broadcast(event: string, value?: any): boolean;

    /**
     * The id that this server gave the connection: unguessable, and not the peer's to choose. The
     * same string for as long as the connection lives.
     */
    idOf(socket: net.Socket | UDPPeer): string;
  }

  /**
   * A client whose messages are known: payloads are checked by the name of their event.
   * `const world: TypedClient<FromWorld, ToWorld> = ipc.of.world;`
   */
  interface TypedClient<Incoming extends object, Outgoing extends object = Incoming>
    extends Omit<Client, "on" | "once" | "emit"> {
    /** Adds a handler for a message of the server, or for an event of the client itself. */
    on<Name extends keyof ClientHandlers<Incoming>>(
      event: Name,
      callback: ClientHandlers<Incoming>[Name],
    ): this;
    /** As `on`, but the handler runs only once. */
    once<Name extends keyof ClientHandlers<Incoming>>(
      event: Name,
      callback: ClientHandlers<Incoming>[Name],
    ): this;
    /** Sends an event to the server. */
    emit<Name extends keyof Outgoing & string>(
      event: Name,
      ...data: Payload<Outgoing[Name]>
    ): boolean;
  }

  /**
   * A server whose messages are known: payloads are checked by the name of their event.
   * `const world: TypedServer<ToWorld, FromWorld> = ipc.server;`
   */
  interface TypedServer<Incoming extends object, Outgoing extends object = Incoming>
    extends Omit<Server, "on" | "once" | "emit" | "broadcast"> {
    /** Adds a handler for a message of a client, or for an event of the server itself. */
    on<Name extends keyof ServerHandlers<Incoming>>(
      event: Name,
      callback: ServerHandlers<Incoming>[Name],
    ): this;
    /** As `on`, but the handler runs only once. */
    once<Name extends keyof ServerHandlers<Incoming>>(
      event: Name,
      callback: ServerHandlers<Incoming>[Name],
    ): this;
    /** Sends an event to one client. */
    emit<Name extends keyof Outgoing & string>(
      socket: net.Socket | SocketConfig,
      event: Name,
      ...data: Payload<Outgoing[Name]>
    ): boolean;
    /** Sends an event to every client. */
    broadcast<Name extends keyof Outgoing & string>(
      event: Name,
      ...data: Payload<Outgoing[Name]>
    ): boolean;
  }

  /** What a client fires itself, and what its handlers get. */
  interface ClientEvents {
    /** The connection stands, over TLS after the handshake. */
    connect: [];
    /** The connection is gone; unless the retries are used up, another attempt follows. */
    disconnect: [];
    /** The client has ended: no further attempt. */
    destroy: [];
    /** Something failed. */
    error: [error: Error];
  }

  /** What a server fires itself, and what its handlers get. */
  interface ServerEvents {
    /** The server listens; with the server of `node:net` or `node:tls`, or the UDP socket. */
    start: [server: net.Server | dgram.Socket];
    /** A client has connected. */
    connect: [socket: ServerSocket];
    /** A connection is closed. */
    close: [socket: ServerSocket];
    /** A client is gone; with its `socket.id`, or false when it never had one. */
    "socket.disconnected": [socket: ServerSocket, id: string | number | false];
    /** Something failed; with the connection, where one is concerned. */
    error: [error: Error, socket?: ServerSocket];
  }

  /** The handlers of a typed client, by event. */
  type ClientHandlers<Incoming> = {
    [Name in (keyof Incoming & string) | keyof ClientEvents]: (
      ...args:
        | (Name extends keyof Incoming ? [data: Incoming[Name]] : never)
        | Fired<ClientEvents, Name>
    ) => void;
  };

  /** The handlers of a typed server, by event: those of messages get the sender as well. */
  type ServerHandlers<Incoming> = {
    [Name in (keyof Incoming & string) | keyof ServerEvents]: (
      ...args:
        | (Name extends keyof Incoming ? [data: Incoming[Name], socket: ServerSocket] : never)
        | Fired<ServerEvents, Name>
    ) => void;
  };

  /** What a handler gets of an event of the client or server itself. */
  type Fired<Own, Name> = Name extends keyof Own ? Extract<Own[Name], any[]> : never;

  /** The data argument of a typed `emit`: it may be left out where it may be undefined. */
  type Payload<Data> = undefined extends Data ? [data?: Data] : [data: Data];

  /** Requests that are sent one after the other. */
  interface Queue {
    /** Puts steps at the end; the first one runs at once when nothing is running. */
    add(...steps: Array<() => void>): void;
    /** Runs the next step. */
    next(): void;
    /** Forgets all steps. */
    clear(): void;
    /** The steps that wait. */
    contents: Array<() => void>;
    /** Begin by itself when a step is added. Default: true */
    autoRun: boolean;
    /** True holds the next step back. */
    stop: boolean;
  }

  /**
   * The settings of an instance: `ipc.config`. Unknown keys are kept. Read at each use: `silent`,
   * `logger`, `logDepth`, `logInColor`, `logPayloads`, `retry`, `maxRetries`, `stopRetrying`,
   * `offline`. All others are read when a server starts and at each attempt to connect.
   */
  interface Config {
    /**
     * Keeps applications apart that use the same ids: the path of a local socket is
     * `socketRoot + appspace + id`. Default: `"app."`
     */
    appspace: string;
    /**
     * The folder of local sockets, with its last slash. One that is missing is created for this user
     * alone; the mode of one that exists is never changed. Default: `"/tmp/"`
     */
    socketRoot: string;
    /**
     * Keep local sockets in a folder that is this user's alone. While `socketRoot` is at its default
     * that is `node-ipc/` in `$XDG_RUNTIME_DIR`, else `node-ipc-<uid>/` in the folder for temporary
     * files; otherwise `socketRoot` itself. Others having access to it is `ERR_IPC_SOCKET_ROOT`.
     * Default: false; the parser `assured` implies true
     */
    secureSocketRoot: boolean;
    /** The id of this service. Default: the name of the host, `os.hostname()` */
    id: string;

    /** The host to serve on and to connect to over the network. Default: `"127.0.0.1"` */
    networkHost: string;
    /** The port to serve on and to connect to over the network. Default: 8000 */
    networkPort: number;
    /** The family of `networkHost`, for information. Default: `"IPv4"` */
    IPType: string;
    /**
     * Set to use TLS for network servers and clients; false for plain TCP. Never changed by
     * node-ipc. **Default: `false`**, which the type leaves out when it is read, as the types of
     * node-ipc always did.
     */
    get tls(): TLSConfig;
    set tls(options: TLSConfig | false);
    /** Where outgoing TCP and TLS connections start from, as in `net.connect`. */
    interface: InterfaceConfig;
    /**
     * A slip in the older types; nothing ever read it.
     * @deprecated use `interface`
     */
    interfaces: {
      localAddress?: boolean | undefined;
      localPort?: boolean | undefined;
      family?: boolean | undefined;
      hints?: boolean | undefined;
      lookup?: boolean | undefined;
    };

    /**
     * Connections that a server keeps at once; further ones are closed. Default: 100
     */
    maxConnections: number;
    /** All users may read from the socket file or pipe. Default: false */
    readableAll: boolean;
    /** All users may write to the socket file or pipe. Default: false */
    writableAll: boolean;
    /**
     * Take over the socket file of a server that died. A living server's is never touched: its
     * address is `EADDRINUSE`. False for workers of `node:cluster` that share one path; then whoever
     * starts them removes the file. Default: true
     */
    unlink: boolean;

    /** Milliseconds from the end of a connection or attempt to the next attempt. Default: 500 */
    retry: number;
    /**
     * Attempts after each disconnect before the client is destroyed. 0: none. False, as in older
     * documentation, is no limit, like true. Default: Infinity
     */
    maxRetries: boolean | number;
    /**
     * True: no further attempt, one that waits included. 0: never try again. Another number: an
     * upper bound for the attempts after a disconnect. False: only `maxRetries` counts.
     * Default: false
     */
    stopRetrying: boolean | number;
    /**
     * Requests leave one at a time: the next one when an answer has come. Default: false
     */
    sync: boolean;
    /**
     * What happens to a message that a client emits while it is not connected. `"queue"`: it waits
     * and is sent on connect, in order, once. `"drop"`: it is lost, as in node-ipc 9 to 14, and
     * `emit` returns false. `"reject"`: that, and an `error` event says `ERR_IPC_NOT_CONNECTED`.
     * Default: `"queue"`
     */
    offline: "queue" | "drop" | "reject";
    /**
     * Bytes that may wait for a connection, per client. What is too much is refused: `emit` returns
     * false, and one `error` event per outage says `ERR_IPC_QUEUE_FULL`, with a running `count`.
     * Default: 8 MiB (8,388,608)
     */
    maxQueueBytes: number;
    /** Messages that may wait for a connection, per client, as `maxQueueBytes`. Default: 10,000 */
    maxQueueMessages: number;

    /**
     * How bytes become messages. `"fast"`: JSON events. `"raw"`: no messages, bytes as they are, like
     * `rawBuffer`. `"guarded"`: fast, with tight limits, and without the names of node-ipc's own
     * events. `"assured"`: guarded, only `allowedEvents`, and only over mutual TLS or a socket folder
     * of this user. Or a parser of your own, or its class. Default: `"fast"`
     */
    parser: "raw" | "fast" | "guarded" | "assured" | CustomParser | ParserClass | undefined;
    /**
     * Bytes without messages: they are emitted as Buffer, text or list of bytes, and arrive in `data`
     * events as Buffers, cut as the system likes. Default: false
     */
    rawBuffer: boolean;
    /** How text becomes bytes in raw mode. Messages are always UTF-8. Default: `"utf8"` */
    encoding: "ascii" | "utf8" | "utf16le" | "ucs2" | "base64" | "hex";
    /**
     * What ends a message on the wire. It needs a character that JSON never writes outside of a
     * string, or serving and connecting fail with `ERR_IPC_DELIMITER`. Data that contains it
     * survives. Default: `"\f"`
     */
    delimiter: string;
    /**
     * Send `{}` for null, `""` and NaN, as node-ipc 9 to 12 do. Undefined is `{}` in any case.
     * Default: false
     */
    legacyPayloads: boolean;
    /** Take `data.id` of a message as its sender's `socket.id`. A claim, no proof. Default: true */
    identifyPeer: boolean;

    /**
     * Bytes of one message. A peer that sends more is cut, with `ERR_IPC_FRAME_TOO_LARGE`.
     * Default: 128 MiB (134,217,728); 1 MiB with the parsers `guarded` and `assured`
     */
    maxMessageSize: number;
    /**
     * Bytes that may wait for a peer that does not read. What one turn of the event loop emits always
     * passes; whoever adds to more than this is cut, with `ERR_IPC_BACKPRESSURE`.
     * Default: 64 MiB (67,108,864); 8 MiB with the parsers `guarded` and `assured`
     */
    maxPendingBytes: number;
    /**
     * UTF-16 units of an event's name. A peer that sends a longer one gets `ERR_IPC_EVENT_TOO_LARGE`.
     * Default: 4096; 256 with the parsers `guarded` and `assured`
     */
    maxEventNameLength: number;
    /**
     * Milliseconds that a message may stay incomplete; then its peer is cut, with
     * `ERR_IPC_MESSAGE_TIMEOUT`. 0: any time. Default: 0; 30,000 with the parsers `guarded` and
     * `assured`
     */
    messageTimeout: number;
    /**
     * Let peers send events by the names that node-ipc fires itself on this side, such as `connect`
     * to a client. Otherwise such a message is `ERR_IPC_RESERVED_EVENT`. Not heeded by the parser
     * `assured`. Default: false
     */
    allowReservedEvents: boolean;
    /** The only events that the parser `assured` sends and takes. Default: false */
    allowedEvents: readonly string[] | ReadonlySet<string> | false;

    /** No logging at all, at no cost per message. Default: false */
    silent: boolean;
    /** Where a line of the log goes. Default: `console.log` */
    logger(msg: string): void;
    /** Colours for objects in `ipc.log`. Default: true */
    logInColor: boolean;
    /** How deep `ipc.log` shows objects, in levels. Default: 5 */
    logDepth: number;
    /** Show the data of messages in the log, not only their names. Default: false */
    logPayloads: boolean;
  }

  /** Where outgoing connections start from; false leaves it to the system. */
  interface InterfaceConfig {
    /** An IP address of this machine. Default: false */
    localAddress?: string | boolean | undefined;
    /** A port of this machine. Default: false */
    localPort?: number | boolean | undefined;
    /** 4 or 6: only addresses of this family. Default: false */
    family?: number | boolean | undefined;
    /** Flags for `dns.lookup`. Default: false */
    hints?: number | boolean | undefined;
    /** Replaces `dns.lookup`. Default: false */
    lookup?: LookupFunction | boolean | undefined;
  }

  /** What replaces `dns.lookup`, as in `net.connect`. */
  type LookupFunction = NonNullable<net.TcpSocketConnectOpts["lookup"]>;

  /** Every option of `tls.createServer` and `tls.connect`, and node-ipc's own keys for files. */
  interface TLSConfig
    extends Omit<
      tls.TlsOptions & tls.ConnectionOptions,
      "dhparam" | "host" | "port" | "path" | "socket"
    > {
    /** The file of the private key, PEM. `key` takes the key itself. */
    private?: string | undefined;
    /** The file of the certificate, PEM. `cert` takes the certificate itself. */
    public?: string | undefined;
    /**
     * The file, or files, of the certificates to trust, PEM. On a server it implies `requestCert`.
     * `ca` takes the certificates themselves.
     */
    trustedConnections?: string | string[] | undefined;
    /** Parameters for Diffie-Hellman: the file, or PEM itself. */
    dhparam?: string | Uint8Array | undefined;
  }

  /** One event as it travels. */
  interface Message {
    /** The event's name. */
    type: string;
    /** What it carries. */
    data?: any;
  }

  /** What `config.parser` needs: a way out and a way in. */
  interface CustomParser {
    /** The text or bytes of an event. In raw mode the first argument is all there is. */
    encode(type: any, data?: any): string | Uint8Array;
    /**
     * Calls `receive` with each complete message in `remainder + data` and returns what is left.
     * Text, unless the parser is raw.
     */
    read(remainder: string, data: any, receive: (message: any) => void): string;
    /** A name for logs. */
    readonly profile?: string | undefined;
    /** Data arrives as Buffers and goes to `data` handlers, not through `read`. */
    readonly raw?: boolean | undefined;
    /** How bytes become text. By default `"utf8"` */
    readonly encoding?: BufferEncoding | undefined;
    /** As the key of the configuration. */
    readonly maxPendingBytes?: number | undefined;
    /** As the key of the configuration. */
    readonly messageTimeout?: number | undefined;
  }

  /** A class for `config.parser`; each server and each client makes a parser of its own. */
  type ParserClass = new (config: Config) => CustomParser;

  /** The profile `fast`: JSON events that end in `config.delimiter`. Made to be extended. */
  interface Parser {
    /** `"fast"` */
    readonly profile: string;
    /** False. */
    readonly raw: boolean;
    /** `"utf8"` */
    readonly encoding: BufferEncoding;
    /** As the key of the configuration. */
    readonly delimiter: string;
    /** As the key of the configuration. */
    readonly maxMessageSize: number;
    /** As the key of the configuration. */
    readonly maxPendingBytes: number;
    /** As the key of the configuration. */
    readonly maxEventNameLength: number;
    /** As the key of the configuration. */
    readonly messageTimeout: number;
    /** The frame of an event, with its delimiter. */
    encode(type: any, data?: any): string;
    /** The frame of a message, with its delimiter. */
    format(message: Message): string;
    /** Calls `receive` with each message in `remainder + data` and returns what is left. */
    read(remainder: string, data: string, receive: (message: any) => void): string;
    /** The frames in `remainder + data`, not yet decoded, and what is left. */
    push(remainder?: string, data?: string): { events: string[]; remainder: string };
    /** The complete frames in `data`, not yet decoded. */
    parse(data: string): string[];
    /**
     * The message of one frame without its delimiter.
     * @throws IPCProtocolError `ERR_IPC_INVALID_JSON`
     */
    decode(frame: string): any;
  }

  /** The profile `raw`: bytes as they are. */
  interface RawParser {
    /** `"raw"` */
    readonly profile: string;
    /** True. */
    readonly raw: boolean;
    /** How text becomes bytes. */
    readonly encoding: BufferEncoding;
    /** A Buffer as it is; text and lists of bytes as one. */
    encode(value: string | RawBytes): Uint8Array;
    /** The same as `encode`. */
    format(value: string | RawBytes): Uint8Array;
    /** Calls `receive` with the data as it is. */
    read(remainder: string, data: any, receive: (data: any) => void): string;
    /** The data in a list. */
    parse(data: any): any[];
    /** The data as it is. */
    decode(data: any): any;
  }

  /** The profile `guarded`: fast, with limits for what a peer may send. */
  interface GuardedParser extends Parser {
    /** As the key of the configuration. */
    readonly allowReservedEvents: boolean;
    /** @throws IPCProtocolError when the name of an event may not be used */
    validateType(type: any): void;
  }

  /** The profile `assured`: guarded, and only events that were named. */
  interface AssuredParser extends GuardedParser {
    /** The only events that are sent and taken. */
    readonly allowedEvents: ReadonlySet<string>;
  }

  /**
   * JSON events like `fast`, but a frame that is no JSON is an `error` event with
   * `{ message, err, response }`, and the connection stays.
   */
  interface MessageParser extends Parser {
    /** The message of one frame, or the `error` message that stands for it. */
    decode(frame: string): Message;
  }

  /**
   * Something broke the rules of the wire or of the configuration. Failures of the system, such as
   * `ECONNREFUSED`, are Node's own errors. Where another error led to it, that is its `cause`.
   */
  interface IPCProtocolError extends Error {
    /** What happened, for programs. */
    readonly code: IPCErrorCode;
    /** How many messages it speaks of, where it speaks of several. */
    readonly count?: number | undefined;
  }

  /** Every code of an {@link IPCProtocolError}. */
  type IPCErrorCode =
    | "ERR_IPC_ASSURED_TLS"
    | "ERR_IPC_ASSURED_TRANSPORT"
    | "ERR_IPC_BACKPRESSURE"
    | "ERR_IPC_CLOSED"
    | "ERR_IPC_CONFIG"
    | "ERR_IPC_CONNECTION"
    | "ERR_IPC_DATAGRAM_TOO_LARGE"
    | "ERR_IPC_DELIMITER"
    | "ERR_IPC_EVENT_NOT_ALLOWED"
    | "ERR_IPC_EVENT_TOO_LARGE"
    | "ERR_IPC_FRAME_TOO_LARGE"
    | "ERR_IPC_INVALID_EVENT"
    | "ERR_IPC_INVALID_JSON"
    | "ERR_IPC_INVALID_MESSAGE"
    | "ERR_IPC_MESSAGE_TIMEOUT"
    | "ERR_IPC_NOT_CONNECTED"
    | "ERR_IPC_PATH_TOO_LONG"
    | "ERR_IPC_QUEUE_FULL"
    | "ERR_IPC_RESERVED_EVENT"
    | "ERR_IPC_SOCKET_ROOT"
    | "ERR_IPC_TLS_CONFIGURATION"
    | "ERR_IPC_UNDELIVERED"
    | "ERR_IPC_UNLINK_NOT_SOCKET";
}

export = ipc;
