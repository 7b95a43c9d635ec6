import ipc from "@myelin/node-ipc";

// What the thermometer sends: the sensor's number in one byte, hundredths of a degree in two.
const READING_BYTES = 3;

ipc.config.id = "weather-station";
ipc.config.silent = true;
ipc.config.rawBuffer = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);

ipc.serveNet(() => console.log("listening"));

let rest = Buffer.alloc(0);

ipc.server.on("data", (bytes, socket) => {
  // TCP is a stream: a chunk may hold several readings and end in the middle of one.
  rest = Buffer.concat([rest, bytes]);
  let offset = 0;
  for (; offset + READING_BYTES <= rest.length; offset += READING_BYTES) {
    const sensor = rest.readUInt8(offset);
    const degrees = rest.readInt16BE(offset + 1) / 100;
    console.log(`sensor ${sensor}: ${degrees} °C`);
    ipc.server.emit(socket, [sensor]);
  }
  rest = rest.subarray(offset);
});

ipc.server.on("socket.disconnected", () => ipc.server.stop());
ipc.server.start();
