// A server or a client under test, and raw peers that feed it bytes. `feed` resolves when all of them have been read:
// what was not dispatched by then was held back.
import { EventEmitter, once } from "node:events";
import { createServer, connect as dial } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ipc } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const names = [
  ...["word", "fence", "data", "error"],
  ...["connect", "disconnect", "destroy", "start", "close", "socket.disconnected"],
];

/**
 * @param {"server" | "client"} side which of the two reads the bytes
 * @param {object} config for that side
 */
export async function openWireEnd(side, config = {}) {
  Object.assign(ipc.config, { id: "wire", maxRetries: 0 }, config);
  const heard = [];
  const told = [];
  const listen = (emitter) => {
    for (const name of names) {
      emitter.on(name, (data) => {
        // What a side fires itself carries nothing, a socket or a server; the peers here send other things.
        if (data === undefined || data instanceof EventEmitter) return;
        if (name === "error" && typeof data === "object") told.push(data);
        else heard.push({ name, data });
      });
    }
  };
  const end = side === "server" ? await serverEnd(listen) : await clientEnd(listen);
  return { ...end, heard, told };
}

async function serverEnd(listen) {
  ipc.serve();
  listen(ipc.server);
  await listening();
  return {
    connect: async () => {
      const accepted = new Promise((resolve) => ipc.server.once("connect", resolve));
      const peer = await connected(dial(ipc.server.path));
      return pair(await accepted, peer);
    },
    close: () => ipc.server.stop(),
  };
}

async function clientEnd(listen) {
  const server = createServer().listen(`${ipc.config.socketRoot}${ipc.config.appspace}wire`);
  await once(server, "listening");
  return {
    connect: async () => {
      ipc.connectTo("wire");
      listen(ipc.of.wire);
      const made = new Promise((resolve) => ipc.of.wire.once("connect", resolve));
      const [peer] = await once(server, "connection");
      await made;
      return pair(ipc.of.wire.socket, peer);
    },
    close: () => {
      ipc.disconnect("wire");
      server.close();
    },
  };
}

async function connected(socket) {
  await once(socket, "connect");
  return socket;
}

function pair(socket, peer) {
  // A side under test that resets the connection is no failure of the peer.
  peer.on("error", () => {}).resume();
  let fed = 0;
  return {
    socket,
    peer,
    /** Resolves to false when the side under test ended the connection before it had read everything. */
    feed: async (bytes) => {
      const chunk = Buffer.from(bytes);
      fed += chunk.length;
      if (chunk.length > 0) peer.write(chunk);
      while (socket.bytesRead < fed && !socket.destroyed) await nextTurn();
      await nextTurn();
      return socket.bytesRead >= fed;
    },
    /** Ends the connection and waits until both sides know. */
    end: async () => {
      peer.destroy();
      // No listener: one of the side under test that throws would keep the event from it.
      while (!socket.closed) await nextTurn();
      await nextTurn();
    },
  };
}

export function frame(type, data) {
  return `${JSON.stringify({ type, data })}${ipc.config.delimiter}`;
}
