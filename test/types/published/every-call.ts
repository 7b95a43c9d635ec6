// Each method with each order of arguments, each key of the configuration, each event.
import { Socket } from "net";

import ipc = require("node-ipc");

declare const socket: Socket;

ipc.config.appspace = "demo.";
ipc.config.socketRoot = "/run/demo/";
ipc.config.id = "calls";
ipc.config.networkHost = "localhost";
ipc.config.networkPort = 3435;
ipc.config.encoding = "hex";
ipc.config.rawBuffer = true;
ipc.config.sync = true;
ipc.config.silent = true;
ipc.config.logDepth = 2;
ipc.config.logInColor = false;
ipc.config.logger = console.log;
ipc.config.logger = (message) => message.trim();
ipc.config.maxConnections = 10;
ipc.config.retry = 1500;
ipc.config.maxRetries = false;
ipc.config.maxRetries = 10;
ipc.config.stopRetrying = true;
ipc.config.unlink = false;
ipc.config.readableAll = true;
ipc.config.writableAll = true;
ipc.config.interfaces = {
  localAddress: true,
  localPort: true,
  family: true,
  hints: false,
  lookup: false,
};
ipc.config.tls = { public: "server.pub", private: "server.key", rejectUnauthorized: false };
ipc.config.tls.rejectUnauthorized = true;
Object.assign(ipc.config, { id: "assigned", retry: 100 });
ipc.config = { ...ipc.config, id: "spread" };

ipc.log("got", { a: 1 }, 2, undefined);

ipc.connectTo("world");
ipc.connectTo("world", "/tmp/world.sock");
ipc.connectTo("world", () => {});
ipc.connectTo("world", "/tmp/world.sock", () => {});
ipc.connectTo("world", undefined, () => {});
ipc.connectToNet("world");
ipc.connectToNet("world", 3435);
ipc.connectToNet("world", "example.org");
ipc.connectToNet("world", () => {});
ipc.connectToNet("world", 3435, () => {});
ipc.connectToNet("world", "example.org", () => {});
ipc.connectToNet("world", "example.org", 3435);
ipc.connectToNet("world", "example.org", 3435, () => {});
ipc.disconnect("world");

ipc.serve();
ipc.serve(null);
ipc.serve(() => {});
ipc.serve("/tmp/world.sock");
ipc.serve("/tmp/world.sock", () => {});
ipc.serveNet();
ipc.serveNet(3435);
ipc.serveNet(() => {});
ipc.serveNet("udp4");
ipc.serveNet("udp6", () => {});
ipc.serveNet("example.org", 3435);
ipc.serveNet("example.org", 3435, () => {});
ipc.serveNet("example.org", 3435, "udp4");
ipc.serveNet("example.org", 3435, "udp4", () => {});

const world = ipc.of.world;
world.on("connect", () => {});
world.on("disconnect", () => {});
world.on("destroy", () => {});
world.on("error", (error) => error.code);
world.on("error", (error: NodeJS.ErrnoException) => error.code === "ENOENT");
world.on("data", (buffer: Buffer) => buffer.byteLength);
world.on("message", (first: { text: string }, second: number) => [first.text, second]);
world.on("socket.disconnected", (gone: Socket, id: string) => [gone.destroyed, id.length]);
world.emit("message");
world.emit("message", { text: "hello" });
world.off("message", "*");
world.off("*", "*");

const { server } = ipc;
server.on("start", () => {});
server.on("connect", (client: Socket) => client.remoteAddress);
server.on("close", (client) => client);
server.on("message", (data, from) => server.emit(from, "message", data));
server.emit(socket, "message");
server.emit(socket, "message", [1, 2, 3]);
server.emit(socket, Buffer.alloc(6));
server.emit({ address: "127.0.0.1", port: 8000 }, "message", { from: ipc.config.id });
server.emit({ address: "127.0.0.1", port: 8000 }, Buffer.alloc(6));
server.emit("message", [1, 2, 3]);
server.emit([10, 20, 30]);
server.broadcast("message");
server.broadcast("message", "to all");
server.off("error", () => {});
server.start();
server.stop();
