// What the types refuse.
import ipc = require("node-ipc");

// @ts-expect-error -- an id is needed
ipc.connectTo();
// @ts-expect-error -- an id is text
ipc.connectTo(8000);
// @ts-expect-error -- the callback comes last
ipc.connectTo("world", () => {}, "/tmp/world");
// @ts-expect-error -- a port is no text
ipc.connectToNet("world", "localhost", "8000");
// @ts-expect-error -- a path is text
ipc.serve(42);
// @ts-expect-error -- the host comes before the port
ipc.serveNet(8000, "localhost");
// @ts-expect-error -- no such kind of socket
ipc.serveNet("localhost", 8000, "tcp", () => {});
// @ts-expect-error -- a slip
void ipc.conifg;
// @ts-expect-error -- a slip
ipc.server.brodcast("message");
// @ts-expect-error -- a slip
ipc.config.maxRetires = 3;
// @ts-expect-error -- milliseconds are a number
ipc.config.retry = "500";
// @ts-expect-error -- no such encoding
ipc.config.encoding = "utf9";
// @ts-expect-error -- no such choice
ipc.config.offline = "keep";
// @ts-expect-error -- no such parser
ipc.config.parser = "strict";
// @ts-expect-error -- it cannot read
ipc.config.parser = { encode: () => "" };
// @ts-expect-error -- TLS is an object or off
ipc.config.tls = true;
// @ts-expect-error -- a slip
ipc.config.tls = { privat: "server.key" };
// @ts-expect-error -- an event is needed
ipc.of.world.emit();
// @ts-expect-error -- a handler is needed
ipc.of.world.on("message");
// @ts-expect-error -- a handler is a function
ipc.of.world.on("message", "handler");
// @ts-expect-error -- whether it was accepted, not the client
ipc.of.world.emit("message").emit("another");
// @ts-expect-error -- whether it was accepted, not the server
ipc.server.broadcast("message").on("message", () => {});
// @ts-expect-error -- something is needed
ipc.server.emit();
// @ts-expect-error -- a slip
void ipc.close({ timeout: 5 });
// @ts-expect-error -- no such code
export const odd = new ipc.IPCProtocolError("ERR_SOMETHING", "text");
// @ts-expect-error -- the module is an instance, not its class
export const called = new ipc();
// @ts-expect-error -- a method stays what it is
ipc.IPC = Object;
