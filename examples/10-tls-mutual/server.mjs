import { fileURLToPath } from "node:url";
import ipc from "@myelin/node-ipc";

const certificates =
  process.env.CERTIFICATES ?? fileURLToPath(new URL("../tls-certificates/made", import.meta.url));

ipc.config.id = "vault";
ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);
ipc.config.tls = {
  private: `${certificates}/server.key`,
  public: `${certificates}/server.crt`,
  // Only who shows a certificate of this authority comes in.
  trustedConnections: `${certificates}/ca.crt`,
  requestCert: true,
  rejectUnauthorized: true,
};

ipc.serveNet(() => console.log("listening"));

ipc.server.on("connect", (socket) => {
  console.log(`${socket.getPeerCertificate().subject.CN} has shown a certificate`);
});

ipc.server.on("open", (_, socket) => {
  ipc.server.emit(socket, "opened", `Good morning, ${socket.getPeerCertificate().subject.CN}`);
});

ipc.server.on("socket.disconnected", () => ipc.server.stop());
ipc.server.start();
