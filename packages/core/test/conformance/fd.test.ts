// Inherited descriptors need a process that inherits them: this one makes the sockets, another runs the suite.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, test } from "vitest";
import { removeTempFolders } from "../../../../test/support/temp-path.ts";
import { expectConformance } from "./own-process.ts";

afterEach(removeTempFolders);

/** More than the suite uses up. */
const count = 300;

function descriptorOf(socket: Server | Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

async function listening(): Promise<Server> {
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

describe.skipIf(process.platform === "win32")("fd keeps the transport contract", () => {
  test("over listening sockets that were inherited", async () => {
    const servers = await Promise.all(Array.from({ length: count }, listening));
    await expectConformance("fd-listening", {
      args: servers.map((server) => String(portOf(server))),
      extra: servers.map(descriptorOf),
      // The program has them now, and accepts alone.
      onStarted: () => {
        for (const server of servers) server.close();
      },
    });
  });

  test("over connected sockets that were inherited", async () => {
    const server = await listening();
    const sockets: Socket[] = [];
    for (let n = 0; n < count; n++) {
      const accepted = once(server, "connection") as Promise<[Socket]>;
      const socket = connect(portOf(server), "127.0.0.1");
      sockets.push(socket, ...(await accepted));
    }
    server.close();
    await expectConformance("fd-connected", {
      args: [String(count)],
      extra: sockets.map(descriptorOf),
      onStarted: () => {
        for (const socket of sockets) socket.destroy();
      },
    });
  });
});
