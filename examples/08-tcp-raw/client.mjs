// A thermometer that knows nothing of node-ipc: any language that can write to a socket will do.
import { connect } from "node:net";

const socket = connect({ port: Number(process.env.PORT ?? 8000), host: "127.0.0.1" });
const readings = [21.5, -3.25, 19];
let heard = 0;

socket.on("connect", () => {
  console.log(`sending ${readings.length} readings`);
  for (const [index, degrees] of readings.entries()) {
    const bytes = Buffer.alloc(3);
    bytes.writeUInt8(index + 1, 0);
    bytes.writeInt16BE(degrees * 100, 1);
    socket.write(bytes);
  }
});

socket.on("data", (bytes) => {
  for (const sensor of bytes) console.log(`sensor ${sensor} was heard`);
  heard += bytes.length;
  if (heard === readings.length) socket.end();
});
