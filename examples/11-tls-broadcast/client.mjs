import { fileURLToPath } from "node:url";
import ipc from "@myelin/node-ipc";

const name = process.argv[2] ?? "Ada";
const certificates =
  process.env.CERTIFICATES ?? fileURLToPath(new URL("../tls-certificates/made", import.meta.url));

ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);
ipc.config.tls = { trustedConnections: `${certificates}/ca.crt`, rejectUnauthorized: true };

ipc.connectToNet("radio", () => {
  const { radio } = ipc.of;

  radio.on("connect", () => radio.emit("tune in", name));
  radio.on("hello", () => console.log(`${name} listens`));
  radio.on("countdown", (seconds) => console.log(`${seconds} …`));
  radio.on("good night", ({ channel }) => {
    console.log(`good night, over an ${channel} channel`);
    ipc.disconnect("radio");
  });
});
