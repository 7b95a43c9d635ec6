// How a process of a measurement hears what to do and answers: over the channel of fork, or, where
// that channel is what is measured, over a pipe of its own.
import { Socket } from "node:net";

/** The descriptor of that pipe in the processes that have one. */
export const ordersDescriptor = 4;

/** @param stream carries one JSON text per line, both ways */
export function lines(stream, onMessage) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk) => {
    const complete = (rest + chunk).split("\n");
    rest = complete.pop();
    for (const line of complete) onMessage(JSON.parse(line));
  });
  return (message, onSent) => stream.write(`${JSON.stringify(message)}\n`, onSent);
}

/**
 * @param overPipe false: over the channel of fork
 * @param onMessage what the harness says
 * @returns a function that answers it
 */
export function openOrders(overPipe, onMessage) {
  if (!overPipe) {
    process.on("message", onMessage);
    return (message, onSent) => process.send(message, onSent);
  }
  return lines(new Socket({ fd: ordersDescriptor }), onMessage);
}
