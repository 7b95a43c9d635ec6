// socket.io with its WebSocket only, as for clients that are not browsers. Calls are acknowledgements.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { eventName } from "../event.mjs";

export const peer = {
  async serve({ host, port }, { onPeer, onMessage, onCall, onBytes, onError }) {
    const http = createServer();
    // Its default of 1 MB for a message would be less than what is sent.
    const server = new Server(http, { transports: ["websocket"], maxHttpBufferSize: 1e8 });
    server.on("connection", (socket) => {
      socket.on(eventName, (data) => onMessage(data, socket));
      socket.on("bytes", (bytes) => onBytes(bytes, socket));
      socket.on("call", (data, respond) => respond(onCall(data)));
      onPeer(socket);
    });
    http.on("error", onError);
    await new Promise((resolve) => {
      http.listen(port, host, resolve);
    });
    return {
      send: (socket, data) => socket.emit(eventName, data),
      broadcast: (data) => server.emit(eventName, data),
    };
  },

  async connect({ host, port }, { onMessage, onError }) {
    const socket = io(`http://${host}:${port}`, { transports: ["websocket"], forceNew: true });
    socket.on(eventName, onMessage);
    socket.on("connect_error", onError);
    socket.on("disconnect", (reason) => onError(new Error(`disconnected: ${reason}`)));
    await new Promise((resolve) => {
      socket.once("connect", resolve);
    });
    return {
      send: (data) => socket.emit(eventName, data),
      sendBytes: (bytes) => socket.emit("bytes", bytes),
      call: (data) => socket.emitWithAck("call", data),
    };
  },
};
