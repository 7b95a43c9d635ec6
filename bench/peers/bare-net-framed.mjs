// What a program without any library does for bytes: a length, a kind, and the bytes.
import { connect, createServer } from "node:net";

const headerBytes = 5;
const kind = { json: 0, bytes: 1 };

function write(socket, ofKind, body) {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32LE(body.length, 0);
  header[4] = ofKind;
  socket.cork();
  socket.write(header);
  socket.write(body);
  socket.uncork();
}

const writeJson = (socket, data) => write(socket, kind.json, Buffer.from(JSON.stringify(data)));

function receive(socket, onMessage, onBytes) {
  let chunks = [];
  let available = 0;
  let needed = headerBytes;
  let header;
  // Copies only what came in pieces.
  const take = () => {
    const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, available);
    const taken = all.subarray(0, needed);
    available -= needed;
    chunks = available === 0 ? [] : [all.subarray(needed)];
    return taken;
  };
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    available += chunk.length;
    while (available >= needed) {
      const bytes = take();
      if (header === undefined) {
        header = bytes;
        needed = bytes.readUInt32LE(0);
        continue;
      }
      if (header[4] === kind.bytes) onBytes(bytes);
      else onMessage(JSON.parse(bytes));
      header = undefined;
      needed = headerBytes;
    }
  });
}

export const peer = {
  async serve(target, { onPeer, onMessage, onBytes, onError }) {
    const server = createServer((socket) => {
      socket.on("error", onError);
      receive(
        socket,
        (data) => onMessage(data, socket),
        (bytes) => onBytes(bytes, socket),
      );
      onPeer(socket);
    });
    server.on("error", onError);
    await new Promise((resolve) => {
      server.listen(target, resolve);
    });
    return { send: writeJson };
  },

  async connect(target, { onMessage, onError }) {
    const socket = connect(target);
    socket.on("error", onError);
    socket.on("close", () => onError(new Error("the client was disconnected")));
    receive(socket, onMessage);
    await new Promise((resolve) => {
      socket.once("connect", resolve);
    });
    return {
      send: (data) => writeJson(socket, data),
      sendBytes: (bytes) => write(socket, kind.bytes, bytes),
    };
  },
};
