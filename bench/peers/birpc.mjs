// birpc over a socket: it leaves to the program how a message travels. Here as a line of JSON.
import { connect, createServer } from "node:net";
import { createBirpc } from "birpc";

function receiveLines(socket, onLine) {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => {
    const text = rest + chunk;
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      onLine(text.slice(start, end));
      start = end + 1;
    }
    rest = text.slice(start);
  });
}

function rpcOver(socket, functions, onError) {
  socket.on("error", onError);
  return createBirpc(functions, {
    post: (text) => socket.write(`${text}\n`),
    on: (onMessage) => receiveLines(socket, onMessage),
    serialize: JSON.stringify,
    deserialize: JSON.parse,
    eventNames: ["event"],
    // What a handler here throws is a failure of the measurement.
    onGeneralError: onError,
    onFunctionError: onError,
  });
}

export const peer = {
  async serve(target, { onPeer, onMessage, onCall, onError }) {
    const server = createServer((socket) => {
      const functions = { event: (data) => onMessage(data, rpc), call: (data) => onCall(data) };
      const rpc = rpcOver(socket, functions, onError);
      onPeer(rpc);
    });
    server.on("error", onError);
    await new Promise((resolve) => {
      server.listen(target, resolve);
    });
    return { send: (rpc, data) => rpc.event(data) };
  },

  async connect(target, { onMessage, onError }) {
    const socket = connect(target);
    const rpc = rpcOver(socket, { event: onMessage }, onError);
    socket.on("close", () => onError(new Error("the client was disconnected")));
    await new Promise((resolve) => {
      socket.once("connect", resolve);
    });
    return { send: (data) => rpc.event(data), call: (data) => rpc.call(data) };
  },
};
