// One address for the programs of yesterday and of tomorrow.
import { serve } from "myelin";

const server = await serve(`unix:${process.env.SOCKET_ROOT ?? "/tmp/"}app.world`, {
  accept: ["myelin", "node-ipc"],
  handlers: { time: () => "noon" },
  events: {
    greet({ name }, { peer }) {
      console.log(`${name} comes with ${peer.dialect}`);
      peer.send("greeting", `hello ${name}`);
      if (server.peers.size === 2) server.broadcast("news", "everybody is here");
    },
  },
});
console.log("listening");
server.onPeer((peer) => {
  void peer.closed.then(() => {
    if (server.peers.size === 0) void server.close();
  });
});
