// What does not compile with a contract.
import { call, contract, event } from "myelin";
import { client, connect, peer, serve, server, world } from "./world.ts";

// --- names, of the wrong kind, side, or of nothing ---

// @ts-expect-error -- a slip
void client.call("gret", { name: "ada" });
// @ts-expect-error -- an event is no call
void client.call("progress", { done: 1, total: 2 });
// @ts-expect-error -- a call is no event
client.send("greet", { name: "ada" });
// @ts-expect-error -- a stream is no call
void client.call("ticks", { everyMs: 1 });
// @ts-expect-error -- a call is no stream
client.stream("now");
// @ts-expect-error -- an upload is no duplex
client.duplex("sum", [1]);
// @ts-expect-error -- the client handles it, so it cannot call it
void client.call("confirm", { question: "sure?" });
// @ts-expect-error -- the server handles it, so it cannot call it
void peer.call("greet", { name: "ada" });
// @ts-expect-error -- the server hears it, so it cannot send it
server.broadcast("progress", { done: 1, total: 2 });
// @ts-expect-error -- an event has no answer
void server.ask("notice", { text: "hello" });

// --- data ---

// @ts-expect-error -- no data
void client.call("greet");
// @ts-expect-error -- the wrong data
void client.call("greet", { nam: "ada" });
// @ts-expect-error -- text is no number
client.send("progress", { done: "1", total: 2 });
// @ts-expect-error -- no data where nothing travels
void client.call("now", 1);
// @ts-expect-error -- options stand behind the data, even where there is none
void client.call("now", { timeoutMs: 1 });
// @ts-expect-error -- items of the wrong type
void client.upload("sum", ["one"]);
// @ts-expect-error -- one item is not several
void client.upload("sum", 1);
// @ts-expect-error -- the answer is text
const _answer: Promise<number> = client.call("greet", { name: "ada" });
// @ts-expect-error -- items are numbers
for await (const text of client.stream("ticks", { everyMs: 1 })) text.trim();
// @ts-expect-error -- a slip in an option
void client.call("now", undefined, { timeout: 5 });

// --- handlers ---

// @ts-expect-error -- a slip
client.handle("confrim", () => true);
// @ts-expect-error -- an event is heard by on()
client.handle("notice", () => {});
// @ts-expect-error -- a call is answered by handle()
client.on("confirm", () => true);
// @ts-expect-error -- the wrong answer
client.handle("confirm", () => "yes");
// @ts-expect-error -- the wrong answer, later
client.handle("confirm", async () => "yes");
// @ts-expect-error -- wrong items
client.handle("lines", () => [1, 2]);
// @ts-expect-error -- one item is not several
client.handle("lines", () => 1);
// @ts-expect-error -- the wrong input
client.handle("confirm", (question: string) => question !== "");
// @ts-expect-error -- the client does not handle that
client.handle("greet", () => "hello");
// @ts-expect-error -- nothing must be returned where nothing travels
server.handle("reset", () => 1);

const handlers = {
  greet: () => "hello",
  now: () => 1,
  reset: () => {},
  ticks: () => [1],
  sum: () => 1,
  chat: () => [{ line: "" }],
};
void serve("local:world", { contract: world, handlers });
// @ts-expect-error -- no handlers at all
void serve("local:world", { contract: world });
const { sum: _sum, ...withoutSum } = handlers;
// @ts-expect-error -- one is missing
void serve("local:world", { contract: world, handlers: withoutSum });
// @ts-expect-error -- one too many
void serve("local:world", { contract: world, handlers: { ...handlers, wave: () => {} } });
// @ts-expect-error -- an event does not stand among the handlers
void serve("local:world", { contract: world, handlers: { ...handlers, progress: () => {} } });
// @ts-expect-error -- of the wrong type
void serve("local:world", { contract: world, handlers: { ...handlers, now: () => "now" } });
// @ts-expect-error -- no such event
void serve("local:world", { contract: world, handlers, events: { progres: () => {} } });
// @ts-expect-error -- the other side's
void connect("local:world", { contract: world, handlers });

// --- options ---

// @ts-expect-error -- a slip
void connect("local:any", { ofline: "queue" });
// @ts-expect-error -- no such policy
void connect("local:any", { offline: "keep" });
// @ts-expect-error -- an option of servers
void connect("local:any", { authorize: () => true });
// @ts-expect-error -- an option of clients
void serve("local:any", { lazy: true });
// @ts-expect-error -- a limit of servers
void connect("local:any", { limits: { maxPeers: 1 } });
// @ts-expect-error -- what is let in is said by true, not by nothing
void serve("local:any", { authorize: () => {} });
// @ts-expect-error -- beside authorize, node-ipc needs its own answer
void serve("local:any", { authorize: { myelin: () => true } });
// @ts-expect-error -- the names of peers are theirs
peer.id = "me";

// --- contracts ---

// @ts-expect-error -- the parentheses are missing
contract({ greet: call });
// @ts-expect-error -- no entry
contract({ greet: "call" });
// @ts-expect-error -- either all entries, or two sides
contract({ server: { greet: call() }, notice: event() });
// @ts-expect-error -- there are two sides
contract({ server: {}, peer: {} });
// @ts-expect-error -- a version is text
contract({}, { version: 1 });
// @ts-expect-error -- an event has no answer
event<string, number>();
