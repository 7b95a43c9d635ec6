// The JSON-RPC of VS Code's language servers: notifications and requests.
import { connect, createServer } from "node:net";
import rpc from "vscode-jsonrpc/node";
import { eventName } from "../event.mjs";

function connectionOver(socket, { onMessage, onCall, onError }) {
  const connection = rpc.createMessageConnection(
    new rpc.SocketMessageReader(socket),
    new rpc.SocketMessageWriter(socket),
  );
  connection.onError(([error]) => onError(error));
  connection.onNotification(eventName, onMessage);
  if (onCall !== undefined) connection.onRequest("call", (data) => onCall(data));
  connection.listen();
  return connection;
}

const sender = (onError) => (connection, data) =>
  void connection.sendNotification(eventName, data).catch(onError);

export const peer = {
  async serve(target, { onPeer, onMessage, onCall, onError }) {
    const server = createServer((socket) => {
      const connection = connectionOver(socket, {
        onMessage: (data) => onMessage(data, connection),
        onCall,
        onError,
      });
      onPeer(connection);
    });
    server.on("error", onError);
    await new Promise((resolve) => {
      server.listen(target, resolve);
    });
    return { send: sender(onError) };
  },

  async connect(target, { onMessage, onError }) {
    const socket = connect(target);
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const connection = connectionOver(socket, { onMessage, onError });
    connection.onClose(() => onError(new Error("the client was disconnected")));
    const send = sender(onError);
    return {
      send: (data) => send(connection, data),
      call: (data) => connection.sendRequest("call", data),
    };
  },
};
