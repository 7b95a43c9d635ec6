// What a program without any library does: `node:net`, one line of JSON per message.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectPlain, createServer as createPlainServer } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { eventName } from "../event.mjs";

const delimiter = "\f";
const streamChunk = 16 * 1024;

const encodeAs = (type, data) => JSON.stringify({ type, data }) + delimiter;
const encode = (data) => encodeAs(eventName, data);

/** Calls back with the data of every event that arrives, and with whatever else arrives. */
function receive(socket, onMessage, onOther) {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => {
    const text = rest === "" ? chunk : rest + chunk;
    let start = 0;
    let end = text.indexOf(delimiter);
    while (end !== -1) {
      const message = JSON.parse(text.slice(start, end));
      if (message.type === eventName) onMessage(message.data);
      else onOther(message);
      start = end + 1;
      end = text.indexOf(delimiter, start);
    }
    rest = start === 0 ? text : text.slice(start);
  });
}

/** Some at a time, and no more than the client takes. */
async function sendItems(socket, items) {
  let text = "";
  for (const item of items) {
    text += encodeAs("item", item);
    if (text.length < streamChunk) continue;
    const isTaken = socket.write(text);
    text = "";
    if (!isTaken) await once(socket, "drain");
  }
  socket.write(text + encodeAs("end"));
}

const tlsOptions = ({ private: key, public: cert, trustedConnections: ca }) => ({
  key: key && readFileSync(key),
  cert: cert && readFileSync(cert),
  ca: ca && readFileSync(ca),
});

/** @param writerFor gives a socket its function that sends text */
export function handWrittenPeer(writerFor) {
  return {
    async serve({ tls, ...place }, { onPeer, onMessage, onStream, onError }) {
      const writers = new Map();
      const accept = (socket) => {
        socket.setNoDelay(true);
        socket.on("error", onError);
        socket.on("close", () => writers.delete(socket));
        writers.set(socket, writerFor(socket));
        const onOther = ({ data }) => void sendItems(socket, onStream(data)).catch(onError);
        receive(socket, (data) => onMessage(data, socket), onOther);
        onPeer(socket);
      };
      const server =
        tls === undefined
          ? createPlainServer(accept)
          : createTlsServer(tlsOptions(tls.server), accept);
      server.on("error", onError);
      await new Promise((resolve) => {
        server.listen(place, resolve);
      });
      return {
        send: (socket, data) => writers.get(socket)(encode(data)),
        broadcast(data) {
          const text = encode(data);
          for (const write of writers.values()) write(text);
        },
      };
    },

    async connect({ tls, ...place }, { onMessage, onError }) {
      const socket =
        tls === undefined
          ? connectPlain(place)
          : connectTls({ ...place, ...tlsOptions(tls.client) });
      socket.setNoDelay(true);
      socket.on("error", onError);
      socket.on("close", () => onError(new Error("the client was disconnected")));
      let onItem;
      let onEnd;
      receive(socket, onMessage, ({ type, data }) => (type === "item" ? onItem(data) : onEnd()));
      await new Promise((resolve) => {
        socket.once(tls === undefined ? "connect" : "secureConnect", resolve);
      });
      const write = writerFor(socket);
      const stream = (request, onEach) =>
        new Promise((resolve) => {
          onItem = onEach;
          onEnd = resolve;
          socket.write(encodeAs("stream", request));
        });
      return { send: (data) => write(encode(data)), stream };
    },
  };
}
