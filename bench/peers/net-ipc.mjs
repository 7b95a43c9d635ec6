// net-ipc with messagepack, without which it has no bytes.
import { Client, Server } from "net-ipc";

export const peer = {
  async serve({ path }, { onPeer, onMessage, onCall, onBytes, onError }) {
    const server = new Server({ path });
    server.on("error", onError);
    server.on("connect", onPeer);
    server.on("message", (message, from) => {
      if (message instanceof Uint8Array) onBytes(message, from);
      else onMessage(message, from);
    });
    server.on("request", (request, respond) => respond(onCall(request)).catch(onError));
    await server.start();
    return {
      send: (to, data) => void to.send(data).catch(onError),
      broadcast: (data) => void server.broadcast(data).catch(onError),
    };
  },

  async connect({ path }, { onMessage, onError }) {
    const client = new Client({ path, messagepack: true });
    client.on("error", onError);
    client.on("message", onMessage);
    client.on("close", () => onError(new Error("the client was disconnected")));
    await client.connect();
    const send = (data) => void client.send(data).catch(onError);
    return { send, sendBytes: send, call: (data) => client.request(data) };
  },
};
