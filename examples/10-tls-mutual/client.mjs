import { fileURLToPath } from "node:url";
import ipc from "@myelin/node-ipc";

const certificates =
  process.env.CERTIFICATES ?? fileURLToPath(new URL("../tls-certificates/made", import.meta.url));

ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);
ipc.config.tls = {
  private: `${certificates}/client.key`,
  public: `${certificates}/client.crt`,
  trustedConnections: `${certificates}/ca.crt`,
  rejectUnauthorized: true,
};

ipc.connectToNet("vault", () => {
  const { vault } = ipc.of;

  vault.on("connect", () => {
    console.log("connected with a certificate");
    vault.emit("open");
  });

  vault.on("opened", (text) => {
    console.log(`the vault says: ${text}`);
    ipc.disconnect("vault");
  });
});
