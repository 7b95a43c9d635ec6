// One end of a flood, in a process of its own: says as much as it can, or takes nothing, and tells how
// much memory that took.
const { connect, serve, tcp, unix } = await import(process.env.MYELIN_CORE);
const {
  act,
  address,
  clients = 1,
  isDeaf,
  limits,
  role,
  slowPeer,
  attemptBytes,
} = JSON.parse(process.env.PEER_OPTIONS);

const report = (type, more = {}) => process.send({ type, ...more });
const turn = () => new Promise((resolve) => setImmediate(resolve));
const ignore = () => {};

/** A transport whose connections are not read any more once they are told so. */
function deafable(inner) {
  const connections = [];
  const over = (connection) => {
    connections.push(connection);
    const deaf = Object.create(connection, {});
    for (const name of ["open", "send", "sendAll", "pause", "close", "abort", "ref", "unref"]) {
      deaf[name] = (...args) => connection[name](...args);
    }
    for (const name of ["local", "remote", "peer", "pendingBytes", "writable", "kind", "socket"]) {
      Object.defineProperty(deaf, name, { get: () => connection[name] });
    }
    deaf.resume = () => {
      if (!connection.isDeaf) connection.resume();
    };
    return deaf;
  };
  return {
    scheme: inner.scheme,
    capabilities: inner.capabilities,
    dial: async (...args) => over(await inner.dial(...args)),
    listen: (where, onConnection, options) =>
      inner.listen(where, (connection) => onConnection(over(connection)), options),
    goDeaf() {
      for (const connection of connections) {
        connection.isDeaf = true;
        connection.pause();
      }
    },
  };
}

let peak = 0;
/** From Node 22 on, also gives back to the system what is empty: Node 24 would keep it for the next. */
const thoroughly = { type: "major", execution: "sync", flavor: "last-resort" };
const collect = Number.parseInt(process.versions.node) < 22 ? () => gc() : () => gc(thoroughly);

/** What is held: without what was dropped and not collected yet, which takes two rounds and a turn. */
async function look() {
  collect();
  await turn();
  collect();
  const { rss } = process.memoryUsage();
  peak = Math.max(peak, rss);
  return rss;
}

const small = "x".repeat(1_000);
const medium = Buffer.alloc(50_000, 1);
/** One string for all, and flat: what handlers hold is none of the library's. */
const long = Buffer.from(small.repeat(40)).toString();
const large = Buffer.alloc(2_000_000, 2);
const forever = () => new Promise(ignore);

async function* endless(item) {
  for (;;) yield item;
}

/** Each says something once to one peer; what it throws is no news. */
const acts = {
  send: (peer) => peer.send("news", small),
  "send bytes": (peer) => peer.send("news", medium),
  "send large bytes": (peer) => peer.send("news", Buffer.from(large)),
  post: (peer) => void peer.post("news", small).catch(ignore),
  call: (peer) => void peer.call("never", small, { timeoutMs: 0 }).catch(ignore),
  "call for answers": (peer) => void peer.call("answer", 1, { timeoutMs: 0 }).catch(ignore),
  "call for large answers": (peer) => void peer.call("large", 1, { timeoutMs: 0 }).catch(ignore),
  stream: (peer) => void peer.stream("items").start(),
  "stream large items": (peer) => void peer.stream("large items").start(),
  upload: (peer) => void peer.upload("take", endless(small), { timeoutMs: 0 }).catch(ignore),
  "upload large items": (peer) =>
    void peer.upload("take", endless(medium), { timeoutMs: 0 }).catch(ignore),
};

const sizes = {
  send: 1_000,
  "send bytes": 50_000,
  "send large bytes": 2_000_000,
  post: 1_000,
  call: 1_000,
  "call for answers": 4_000,
  "call for large answers": 2_000_000,
  stream: 64_000,
  "stream large items": 300_000,
  upload: 64_000,
  "upload large items": 100_000,
  broadcast: 1_000,
  "broadcast bytes": 50_000,
};

const handlers = {
  never: forever,
  answer: () => small.repeat(4),
  large: () => Buffer.from(large),
  items: () => endless(long),
  "large items": () => endless(large),
  take: forever,
};
const events = { news: forever };

let server;
let peers = [];
const transport = deafable(address.startsWith("tcp") ? tcp() : unix());
const options = { transports: [transport], limits, slowPeer, handlers, events, resume: undefined };
if (role === "serve") {
  server = await serve(address, options);
  report("ready", { address: server.address });
} else {
  for (let n = 0; n < clients; n++) {
    peers.push(await connect(address, { ...options, retry: false }));
  }
  report("ready");
}

/** Says as much as was asked for in all, as often as anybody takes anything. */
async function flood() {
  const say = acts[act];
  const times = Math.ceil(attemptBytes / sizes[act] / (act.startsWith("broadcast") ? clients : 1));
  const looks = Math.ceil(times / 20);
  for (let n = 0; n < times; n++) {
    try {
      if (act.startsWith("broadcast"))
        server.broadcast("news", act === "broadcast" ? small : medium);
      else say(peers[n % peers.length]);
    } catch {
      // Refused, as the policy says, or it has gone.
    }
    if (n % looks === 0) await look();
    if (n % 5_000 === 0 || (sizes[act] > 10_000 && n % 20 === 0)) await turn();
  }
  for (let n = 0; n < 20; n++) await turn();
}

process.on("message", async (message) => {
  if (message === "begin") {
    if (server !== undefined) peers = [...server.peers.values()];
    const base = await look();
    if (isDeaf) transport.goDeaf();
    report("begun", { base });
    if (act !== undefined) await flood();
    report("said");
  } else {
    await look();
    report("measured", { peak });
  }
});
