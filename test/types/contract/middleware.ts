// Middleware knows the names that can arrive at its end, by their kinds.
import type {
  Client,
  Contract,
  EndpointOptions,
  Incoming,
  Middleware,
  ServeOptions,
  Server,
} from "myelin";
import { call, contract, event } from "myelin";
import { exactly } from "./exactly.ts";
import { connect, serve, type World, world } from "./world.ts";

const handlers = {
  greet: () => "hello",
  now: () => 1,
  reset: () => {},
  ticks: () => [1],
  sum: () => 1,
  chat: () => [{ line: "" }],
};

// --- at a server ---

void serve("local:world", {
  contract: world,
  handlers,
  use: [
    ({ name, kind, data }, next) => {
      exactly<"greet" | "now" | "reset" | "progress" | "ready" | "ticks" | "sum" | "chat">()(name);
      exactly<"event" | "call" | "stream" | "upload" | "duplex">()(kind);
      exactly<unknown>()(data);
      if (name === "reset") throw new Error("not you");
      return next();
    },
    (message, next) => {
      if (message.kind === "call") exactly<"greet" | "now" | "reset">()(message.name);
      if (message.kind === "event") exactly<"progress" | "ready">()(message.name);
      if (message.name === "chat") exactly<"duplex">()(message.kind);
      if (!message.peer.rooms.has("admins")) throw new Error("not you");
      return next();
    },
    ({ kind, name }, next) => {
      if (kind === "upload") exactly<"sum">()(name);
      return next();
    },
    ({ name }, next) => {
      // @ts-expect-error -- a slip would let everybody in
      if (name === "rest") throw new Error("not you");
      return next();
    },
    ({ name }, next) => {
      // @ts-expect-error -- the client handles it
      if (name === "confirm") throw new Error("not you");
      return next();
    },
    ({ kind, name }, next) => {
      // @ts-expect-error -- an event is no call
      if (kind === "call" && name === "progress") throw new Error("not you");
      return next();
    },
  ],
});

// --- at a client ---

void connect("local:world", {
  contract: world,
  handlers: { confirm: () => true, lines: () => [] },
  use: [
    ({ name, peer }, next) => {
      exactly<"notice" | "confirm" | "lines">()(name);
      void peer.call("now");
      return next();
    },
    ({ name }, next) => {
      // @ts-expect-error -- the server handles it
      if (name === "greet") throw new Error("not you");
      return next();
    },
  ],
});

// Nothing arrives at a client of a flat contract, which may share its middleware with the server.
const flat = contract({ greet: call<string, string>() });
void connect("local:flat", {
  contract: flat,
  use: [
    ({ name }, next) => {
      exactly<never>()(name);
      return next();
    },
  ],
});

// --- apart from its endpoint ---

const strict: Middleware<World, "server"> = ({ name }, next) => {
  // @ts-expect-error -- a slip
  if (name === "rest") throw new Error("not you");
  return next();
};
const admins: ReadonlySet<Incoming<World, "server">["name"]> = new Set(["reset"]);
// @ts-expect-error -- a slip
const _slip: ReadonlySet<Incoming<World, "server">["name"]> = new Set(["rest"]);
const checked: Middleware<World, "server"> = ({ name }, next) =>
  admins.has(name) ? undefined : next();

// For endpoints of any contract, and without one.
const any: Middleware = ({ kind, name, peer }, next) => {
  exactly<string>()(name);
  exactly<"event" | "call" | "stream" | "upload" | "duplex">()(kind);
  exactly<string>()(peer.id);
  return next();
};
const loose = (message: { name: string; kind: string }, next: () => unknown): unknown =>
  message.name === message.kind ? undefined : next();
const looser = (message: { readonly name: string }, next: () => Promise<unknown>) =>
  next().then((answer) => [message.name, answer]);
const nothing = (_: unknown, next: () => unknown) => next();

const use = [any, loose, nothing];
exactly<Promise<Server<World>>>()(
  serve("local:world", { contract: world, handlers, use: [strict, checked, ...use] }),
);
exactly<Promise<Client<typeof flat>>>()(connect("local:flat", { contract: flat, use }));
exactly<Promise<Server<typeof flat>>>()(
  serve("local:flat", { contract: flat, handlers: { greet: (name) => name }, use }),
);
const asked = contract({ client: { confirm: call<string, boolean>(), wave: event() } });
exactly<Promise<Server<typeof asked>>>()(serve("local:asked", { contract: asked, use }));
const called = contract({ client: { confirm: call<string, boolean>() }, server: { go: event() } });
exactly<Promise<Server<typeof called>>>()(serve("local:called", { contract: called, use }));
void connect("local:called", { contract: called, handlers: { confirm: () => true }, use });
const shared: EndpointOptions = { use };
void serve("local:any", shared);
void connect("local:any", shared);
// @ts-expect-error -- it expects other names
void serve("local:called", { contract: called, use: [strict] });
// @ts-expect-error -- any name may arrive there
void serve("local:any", { use: [strict] });
void serve("local:any", {
  use: [
    any,
    loose,
    nothing,
    ({ name }, next) => {
      exactly<string>()(name);
      return name === "anything" ? undefined : next();
    },
  ],
});
// @ts-expect-error -- `next` may give no promise
void serve("local:any", { use: [looser] });

// A function that serves whatever contract it is given.
function guarded<C extends Contract>(options: ServeOptions<C>) {
  return serve<C>("local:guarded", {
    ...options,
    use: [
      ({ data, kind, name, peer }, next) => {
        const what: string = `${kind} ${name} ${peer.id} ${typeof data}`;
        return name.startsWith("_") ? what : next();
      },
      loose,
      ...(options.use ?? []),
    ],
  });
}
void guarded({ contract: world, handlers });
