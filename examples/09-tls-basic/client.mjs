import { fileURLToPath } from "node:url";
import ipc from "@myelin/node-ipc";

const certificates =
  process.env.CERTIFICATES ?? fileURLToPath(new URL("../tls-certificates/made", import.meta.url));

ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);
ipc.config.tls = {
  // Whoever shows a certificate of this authority, made out to the host we call, is the bank.
  trustedConnections: `${certificates}/ca.crt`,
  rejectUnauthorized: true,
};

ipc.connectToNet("bank", () => {
  const { bank } = ipc.of;

  bank.on("connect", () => {
    const { subject } = bank.socket.getPeerCertificate();
    console.log(`connected to ${subject.CN}, its certificate is good`);
    bank.emit("secret", "the key lies under the mat");
  });

  bank.on("safe", () => {
    console.log("the secret is safe");
    ipc.disconnect("bank");
  });
});
