// The flat form: only the server handles anything.
import { call, contract, event } from "myelin";
import { exactly } from "./exactly.ts";
import { connect, serve } from "./world.ts";

// "server" and "client" are names as good as others.
const flat = contract({ greet: call<string, string>(), server: event<number>(), client: event() });

const client = await connect("local:flat", { contract: flat });
exactly<Promise<string>>()(client.call("greet", "ada"));
exactly<boolean>()(client.send("server", 1));
exactly<boolean>()(client.send("client"));

const server = await serve("local:flat", { contract: flat, handlers: { greet: (name) => name } });
server.on("server", (data) => exactly<number>()(data));
server.onPeer((peer) => {
  peer.on("server", (data) => exactly<number>()(data));
  // @ts-expect-error -- no client handles anything
  void peer.call("greet", "ada");
  // @ts-expect-error -- no client hears anything
  peer.send("server", 1);
});
// @ts-expect-error -- no client hears anything
server.broadcast("server", 1);
// @ts-expect-error -- no client handles anything
void server.ask("greet", "ada");
// @ts-expect-error -- the client has nothing to handle
client.handle("greet", (name: string) => name);
// @ts-expect-error -- the client has nothing to handle
void connect("local:flat", { contract: flat, handlers: { greet: (name: string) => name } });
// @ts-expect-error -- the client has nothing to hear
void connect("local:flat", { contract: flat, events: { server: () => {} } });

// A contract of events only asks for no handlers.
const events = contract({ progress: event<number>() });
void serve("local:events", { contract: events });
// @ts-expect-error -- there is nothing to handle
void serve("local:events", { contract: events, handlers: { progress: () => {} } });

// One side alone.
const asked = contract({ client: { confirm: call<string, boolean>() } });
void serve("local:asked", { contract: asked });
// @ts-expect-error -- the client must answer
void connect("local:asked", { contract: asked });
