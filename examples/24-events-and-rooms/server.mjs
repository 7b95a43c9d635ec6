import { serve } from "myelin";

const GUESTS = 3;

const server = await serve("local:theatre", {
  handlers: {
    enter({ name, room }, { peer }) {
      peer.join(room);
      console.log(`${name} goes to the ${room}`);
      return `take a seat in the ${room}`;
    },
  },
});

let seated = 0;
server.on("seated", () => {
  seated += 1;
  if (seated === GUESTS) play();
});

function play() {
  server.broadcast("line", "to be, or not to be", { to: "stalls" });
  server.broadcast("line", "you hear it from afar", { except: "stalls" });
  const { accepted } = server.broadcast("curtain");
  console.log(`the curtain falls for ${accepted}`);
}

server.onPeer((peer) => {
  void peer.closed.then(() => {
    if (server.peers.size === 0) void server.close();
  });
});
console.log(`waiting for ${GUESTS} guests`);
