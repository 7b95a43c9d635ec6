import { fileURLToPath } from "node:url";
import ipc from "@myelin/node-ipc";

const certificates =
  process.env.CERTIFICATES ?? fileURLToPath(new URL("../tls-certificates/made", import.meta.url));

ipc.config.id = "bank";
ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);
ipc.config.tls = {
  private: `${certificates}/server.key`,
  public: `${certificates}/server.crt`,
};

ipc.serveNet(() => console.log("listening"));

ipc.server.on("secret", (secret, socket) => {
  console.log(`over ${socket.getProtocol()}: ${secret}`);
  ipc.server.emit(socket, "safe", true);
});

ipc.server.on("socket.disconnected", () => ipc.server.stop());
ipc.server.start();
