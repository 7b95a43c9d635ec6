// Names, data and answers come from the contract, at both ends, exactly.
import type { ItemStream, ServerPeer } from "myelin";
import { exactly } from "./exactly.ts";
import { client, connect, type Progress, peer, serve, server, type World, world } from "./world.ts";

// --- the client uses what the server handles ---

exactly<Promise<string>>()(client.call("greet", { name: "ada" }));
exactly<Promise<string>>()(client.call("greet", { name: "ada" }, { timeoutMs: 500 }));
exactly<Promise<number>>()(client.call("now"));
exactly<Promise<number>>()(client.call("now", undefined, { timeoutMs: 500 }));
exactly<Promise<void>>()(client.call("reset"));
exactly<boolean>()(client.send("progress", { done: 1, total: 2 }));
exactly<boolean>()(client.send("ready"));
exactly<Promise<void>>()(client.post("progress", { done: 1, total: 2 }, { timeoutMs: 10 }));
exactly<ItemStream<number>>()(client.stream("ticks", { everyMs: 100 }));
exactly<ItemStream<number>>()(client.stream("ticks", { everyMs: 100 }).start());
exactly<Promise<number>>()(client.upload("sum", [1, 2, 3]));
exactly<Promise<number>>()(client.upload("sum", new Set([1])));
exactly<Promise<number>>()(client.upload("sum", [Promise.resolve(1), 2]));
exactly<ItemStream<{ line: string }>>()(client.duplex("chat", ["hello"]));

async function* words() {
  yield "hello";
}
for await (const { line } of client.duplex("chat", words())) exactly<string>()(line);
for await (const n of client.stream("ticks", { everyMs: 1 })) exactly<number>()(n);

// A function of its own, that works without its object.
const { call, send } = client;
exactly<Promise<string>>()(call("greet", { name: "ada" }));
exactly<boolean>()(send("ready"));

// --- and handles what the client handles ---

client.on("notice", (data, ctx) => {
  exactly<{ text: string }>()(data);
  exactly<"notice">()(ctx.name);
  exactly<AbortSignal>()(ctx.signal);
  exactly<readonly Uint8Array[]>()(ctx.bytes);
  void ctx.peer.call("now");
});
client.handle("confirm", ({ question }) => question.length > 3);
client.handle("confirm", async ({ question }) => question.length > 3);
client.handle("lines", async function* (_, { signal }) {
  while (!signal.aborted) yield "line";
});
client.handle("lines", () => ["one", "two"]);

// --- the server, the other way round ---

server.on("progress", (data, { peer }) => {
  exactly<Progress>()(data);
  exactly<ServerPeer<World>>()(peer);
  peer.join("busy");
  return server.broadcast("notice", { text: `${data.done}` }, { to: "busy", except: peer });
});
exactly<Promise<boolean>>()(peer.call("confirm", { question: "sure?" }));
exactly<ItemStream<string>>()(peer.stream("lines"));
exactly<boolean>()(peer.send("notice", { text: "hello" }));
const { ok, answers, failures, missing } = await server.ask(
  "confirm",
  { question: "sure?" },
  { want: 2 },
);
exactly<boolean>()(ok);
exactly<boolean | undefined>()(answers[0]?.value);
exactly<ServerPeer<World> | undefined>()(failures[0]?.peer);
exactly<ServerPeer<World> | undefined>()(missing[0]);
exactly<ServerPeer<World> | undefined>()(server.peers.get("id"));

// --- handlers in the options ---

const served = await serve("local:world", {
  contract: world,
  handlers: {
    greet: ({ name }, { peer, signal }) => `hello ${name}, ${peer.id} ${signal.aborted}`,
    now: () => Date.now(),
    async reset() {},
    async *ticks({ everyMs }, { signal }) {
      for (let n = 0; !signal.aborted; n += everyMs) yield n;
    },
    async sum(items, { peer }) {
      exactly<AsyncIterable<number>>()(items);
      let sum = 0;
      for await (const n of items) sum += n;
      await peer.call("confirm", { question: "done?" });
      return sum;
    },
    async *chat(items) {
      exactly<AsyncIterable<string>>()(items);
      for await (const line of items) yield { line };
    },
  },
  events: {
    progress: ({ done, total }, { peer }) => peer.send("notice", { text: `${done}/${total}` }),
  },
  use: [
    async ({ name, kind, data, peer }, next) => {
      exactly<unknown>()(data);
      exactly<"event" | "call" | "stream" | "upload" | "duplex">()(kind);
      if (name === "reset" && !peer.rooms.has("admins")) throw new Error("not you");
      return next();
    },
  ],
  authorize: async ({ identity }, { meta }, { signal }) =>
    identity.fingerprint !== undefined && meta["token"] === "xyz" && !signal.aborted,
});
exactly<string>()(served.address);
exactly<Promise<boolean>>()([...served.peers.values()][0]!.call("confirm", { question: "?" }));

const connected = await connect("local:world", {
  contract: world,
  handlers: { confirm: () => true, lines: () => ["one"] },
  offline: { policy: "queue", maxAgeMs: 1_000 },
});
exactly<Promise<string>>()(connected.call("greet", { name: "ada" }));
