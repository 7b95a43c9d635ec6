// Myelin's own API, without options.
import { eventName } from "../event.mjs";

const pipePrefix = "\\\\.\\pipe\\";

const addressOf = ({ path }) =>
  path.startsWith(pipePrefix) ? `pipe:${path.slice(pipePrefix.length)}` : `unix:${path}`;

/** @param myelin the module */
export function myelinPeer({ serve, connect }) {
  return {
    async serve(target, { onPeer, onMessage, onCall, onStream, onBytes }) {
      const server = await serve(addressOf(target));
      server.onPeer(onPeer);
      server.on(eventName, (data, { peer }) => onMessage(data, peer));
      server.on("bytes", (bytes, { peer }) => onBytes(bytes, peer));
      server.handle("call", (data) => onCall(data));
      server.handle("stream", (request) => onStream(request));
      return {
        send: (to, data) => to.send(eventName, data),
        broadcast: (data) => server.broadcast(eventName, data),
      };
    },

    async connect(target, { onMessage, onError }) {
      const client = await connect(addressOf(target));
      client.on(eventName, onMessage);
      client.onState((state) => onError(new Error(`the client is ${state}`)));
      return {
        send: (data) => client.send(eventName, data),
        sendBytes: (bytes) => client.send("bytes", bytes),
        call: (data) => client.call("call", data),
        async stream(request, onItem) {
          for await (const item of client.stream("stream", request)) onItem(item);
        },
      };
    },
  };
}
