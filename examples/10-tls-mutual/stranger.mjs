// Knows the way, trusts the right authority, but has no certificate to show.
import { fileURLToPath } from "node:url";
import ipc from "@myelin/node-ipc";

const certificates =
  process.env.CERTIFICATES ?? fileURLToPath(new URL("../tls-certificates/made", import.meta.url));

ipc.config.silent = true;
ipc.config.maxRetries = 0;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);
ipc.config.tls = { trustedConnections: `${certificates}/ca.crt`, rejectUnauthorized: true };

ipc.connectToNet("vault", () => {
  const { vault } = ipc.of;

  vault.emit("open");
  vault.on("opened", (text) => console.log(`the vault says: ${text}`));
  vault.on("destroy", () => console.log("the vault has shut the door"));
});
