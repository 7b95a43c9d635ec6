import { fileURLToPath } from "node:url";
import ipc from "@myelin/node-ipc";

const LISTENERS = 2;
const certificates =
  process.env.CERTIFICATES ?? fileURLToPath(new URL("../tls-certificates/made", import.meta.url));

ipc.config.id = "radio";
ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);
ipc.config.tls = {
  private: `${certificates}/server.key`,
  public: `${certificates}/server.crt`,
};

ipc.serveNet(() => console.log("on air"));

let listeners = 0;

ipc.server.on("tune in", (name, socket) => {
  console.log(`${name} has tuned in`);
  ipc.server.emit(socket, "hello", name);
  if (++listeners < LISTENERS) return;

  for (const seconds of [3, 2, 1]) ipc.server.broadcast("countdown", seconds);
  ipc.server.broadcast("good night", { channel: "encrypted" });
});

ipc.server.on("socket.disconnected", () => {
  if (--listeners === 0) ipc.server.stop();
});

ipc.server.start();
