// Clients and servers whose messages are known.
import * as ipc from "node-ipc";

interface ToWorld {
  greet: { name: string };
  ping: undefined;
}
interface FromWorld {
  greeting: string;
  error: { reason: string };
}

const world: ipc.TypedClient<FromWorld, ToWorld> = ipc.of.world;
world.on("greeting", (text) => text.toUpperCase()).on("connect", () => {});
world.once("greeting", (text) => text.length).once("disconnect", () => {});
// The server sends errors of its own, and the connection has some too.
world.on("error", (error) => ("reason" in error ? error.reason : error.message));
world.emit("greet", { name: "ada" });
world.emit("ping");
world.off("greeting", "*");
void world.flush();
// @ts-expect-error -- the wrong type of data
world.emit("greet", { name: 1 });
// @ts-expect-error -- no data
world.emit("greet");
// @ts-expect-error -- no such message
world.emit("great", { name: "ada" });
// @ts-expect-error -- the server sends it, the client does not
world.emit("greeting", "hello");
// @ts-expect-error -- the wrong type of data
world.on("greeting", (text: number) => text);
// @ts-expect-error -- no such message
world.on("greet", () => {});

const server: ipc.TypedServer<ToWorld, FromWorld> = ipc.server;
server.on("greet", ({ name }, socket) => server.emit(socket, "greeting", `hello ${name}`));
server.on("start", () => {}).on("connect", (socket) => socket.remoteAddress);
server.on("socket.disconnected", (socket, id) => [socket.destroyed, id]);
server.once("close", (socket) => server.idOf(socket));
server.broadcast("greeting", "hello all");
server.start();
// @ts-expect-error -- the wrong type of data
server.broadcast("greeting", 1);
// @ts-expect-error -- clients send it, the server does not
server.broadcast("greet", { name: "ada" });
// @ts-expect-error -- no socket
server.emit("greeting", "hello");
// @ts-expect-error -- no such message
server.on("greeting", () => {});

// One map for both directions.
export const chat: ipc.TypedClient<{ line: string }> = ipc.of.chat;
chat.on("line", (line) => chat.emit("line", line));
