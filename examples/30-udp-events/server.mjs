// Keeps the newest of everything: what does not arrive is followed by what does.
import { serve } from "myelin";

const players = 2;
const server = await serve(`udp://127.0.0.1:${process.env.PORT ?? 8000}`);
const places = new Map();

server.on("moved", ({ name, to }) => {
  if (places.get(name) !== to) console.log(`${name} is at the ${to}`);
  places.set(name, to);
  // To whoever asks again: they have not heard it.
  if (places.size === players) server.broadcast("all-here");
});
server.onPeer((peer) => {
  void peer.closed.then(() => {
    if (server.peers.size === 0) void server.close();
  });
});
console.log(`waiting for ${players} players`);
