// Without a contract: names are strings and data is unknown.
import type { Contract, ItemStream, Peer, PeerBasics, ServerPeer } from "myelin";
import { exactly } from "./exactly.ts";
import { connect, serve, client as typedClient, peer as typedPeer } from "./world.ts";

const client = await connect("local:any");
exactly<Promise<unknown>>()(client.call("greet", { name: "ada" }));
exactly<Promise<unknown>>()(client.call("now"));
exactly<boolean>()(client.send("anything", new Date()));
exactly<ItemStream<unknown>>()(client.stream("ticks"));
exactly<Promise<unknown>>()(client.upload("sum", [1, "two"]));
client.on("anything", (data, { name }) => {
  exactly<unknown>()(data);
  exactly<"anything">()(name);
});
// @ts-expect-error -- unknown is not text
client.handle("greet", (data) => data.length);
// @ts-expect-error -- names are text
void client.call(1);
// @ts-expect-error -- a lifecycle is not heard by name
client.on("anything");

const server = await serve("tcp://127.0.0.1:0", {
  handlers: {
    greet: (data) => `hello ${String(data)}`,
    ticks: () => [1, 2],
    now: () => Date.now(),
  },
  events: { progress: (data, { peer }) => peer.send("progress", data) },
});
server.on("progress", (data, { peer }) => server.broadcast("progress", data, { except: peer }));
server.onPeer((peer) => exactly<ServerPeer<Contract>>()(peer));
exactly<unknown>()((await server.ask("greet")).answers[0]?.value);

// A function for any peer, of any contract and side.
function describe(any: PeerBasics): string {
  return `${any.id} ${any.state} ${any.stats().sent.bytes}`;
}
describe(client);
describe(typedClient);
describe(typedPeer);

// A function for either end.
function greet(either: Peer): Promise<unknown> {
  return either.call("greet");
}
void greet(client);
server.onPeer((peer) => void greet(peer));

// What happens to a peer has names of its own, which no frame can bear.
client.onState((state) => exactly<"connecting" | "open" | "detached" | "closed">()(state));
client.onDrain(() => {});
using _subscription = client.onNotice((notice) => {
  if (notice.kind === "gap") exactly<number>()(notice.events);
  if (notice.kind === "dropped") {
    exactly<"slow-peer" | "offline" | "too-old" | "slow-handlers">()(notice.reason);
  }
  if (notice.kind === "listener-failed") exactly<unknown>()(notice.error);
});
const { by, error, undelivered } = await client.closed;
exactly<"here" | "peer" | "failure">()(by);
exactly<number>()(undelivered.unsent.events);
exactly<string | undefined>()(error?.message);
await using _client = client;
