// The channel that Node gives to a parent and its child. The server is the parent and starts the
// client.
import { fork } from "node:child_process";
import { ordersDescriptor } from "../orders.mjs";

const receiver = (onMessage, onBytes) => (message, from) => {
  if (message instanceof Uint8Array) onBytes(message, from);
  else onMessage(message, from);
};

/** @param serialization as `fork` has it */
export function childProcessPeer(serialization) {
  const sendBytes = (bytes) => process.send(bytes);
  return {
    async serve({ fork: [file, args] }, { onPeer, onMessage, onBytes, onError }) {
      const stdio = ["ignore", 2, 2, "ipc", ordersDescriptor];
      const child = fork(file, args, { serialization, stdio });
      const receive = receiver(onMessage, onBytes);
      child.on("message", (message) => receive(message, child));
      child.on("error", onError);
      child.once("spawn", () => onPeer(child));
      return { send: (to, data) => to.send(data) };
    },

    async connect(_target, { onMessage }) {
      process.on("message", onMessage);
      const send = (data) => process.send(data);
      return serialization === "advanced" ? { send, sendBytes } : { send };
    },
  };
}
