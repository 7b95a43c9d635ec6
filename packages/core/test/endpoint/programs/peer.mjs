// A server or a client in a process of its own, which does what its test tells it to.
const { serve, connect, over } = await import(process.env.MYELIN_CORE);
const { role, address, act } = JSON.parse(process.env.PEER_OPTIONS);

const report = (type, more = {}) => process.send({ type, ...more });

/** Computes, and sees nothing of what arrives. */
function block(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Two ends of a connection within this process: what one sends the other has at once. */
function handingOver() {
  const nobody = { credentials: "unknown" };
  const half = () => ({
    ...{ kind: "stream", writable: true, pendingBytes: 0, peer: nobody, early: [] },
    ...{ local: { scheme: "over" }, remote: { scheme: "over" } },
    open(sink) {
      this.sink = sink;
      for (const bytes of this.early.splice(0)) sink.onData(bytes);
    },
    send(bytes) {
      const { early, sink } = this.other;
      if (sink === undefined) early.push(Buffer.from(bytes));
      else sink.onData(Buffer.from(bytes));
      return true;
    },
    ...{ pause() {}, resume() {}, close: async () => {}, abort() {}, ref() {}, unref() {} },
  });
  const [one, other] = [half(), half()];
  one.other = other;
  other.other = one;
  return [one, other];
}

async function* endless() {
  for (let n = 0; ; n++) {
    yield n;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const actions = {
  async serve() {
    const server = await serve(address, { resume: false });
    server.handle("never", () => new Promise(() => {}));
    server.handle("echo", (data) => data);
    server.handle("endless", endless);
    server.handle("take", async (items) => {
      for await (const _ of items);
    });
    server.handle("ran", () => report("ran"));
    let count = 0;
    server.on("event", () => {
      count += 1;
    });
    server.handle("busy", (ms, { peer }) => {
      block(ms);
      // Written into a connection whose other end may be gone by now.
      peer.send("late", "x".repeat(20_000));
    });
    server.on("busy", (ms, { peer }) => {
      report("busy");
      block(ms);
      peer.send("late", "x".repeat(20_000));
    });
    server.onPeer((peer) => {
      void peer.closed.then(({ by }) => report("gone", { by, count }));
    });
    report("ready", { address: server.address });
  },

  /** Says much, closes and is gone, while the server is busy. */
  async "close and exit"() {
    const client = await connect(address);
    client.send("busy", 400);
    await client.flush().catch(() => {});
    for (let n = 0; n < 1_000; n++) client.send("event", n);
    client.send("busy", 50);
    await client.close();
    process.exit(0);
  },

  async "send and exit"() {
    const client = await connect(address);
    await client.call("echo", 1);
    for (let n = 0; n < 5; n++) client.send("event", n);
    process.exit(0);
  },

  /** Who ends the process is called while the connections hand over what they have, one after the other. */
  async "send and exit amid that"() {
    const client = await connect(address);
    const [one, other] = handingOver();
    const way = over();
    await serve(way, { events: { end: () => process.exit(0) } });
    way.accept(other);
    const inner = await connect(over(one));
    client.on("late", () => {
      // The first of a tick leaves at once.
      inner.send("begin");
      inner.send("end");
      for (let n = 0; n < 5; n++) client.send("event", n);
    });
    client.send("busy", 0);
  },

  async "send events and exit"() {
    const client = await connect(address);
    for (let n = 0; n < 5; n++) client.send("event", n);
    process.exit(0);
  },

  async "send an event, unref'd"() {
    const client = await connect(address);
    client.send("event", 0);
    client.unref();
  },

  /** Calls and streams that are under way until somebody is killed. */
  async "keep calling"() {
    const client = await connect(address, { retry: false });
    void client.call("never").catch(() => {});
    void client.upload("take", endless()).catch(() => {});
    const items = client.stream("endless")[Symbol.asyncIterator]();
    await items.next();
    report("ready");
    for (;;) await items.next();
  },

  async "unref and idle"() {
    const client = await connect(address);
    client.unref();
    await client.call("echo", 1);
    report("idle");
    process.disconnect();
  },

  async "unref and call"() {
    const client = await connect(address);
    client.unref();
    process.channel.unref();
    const answer = await client.call("later");
    report("answered", { answer });
    process.disconnect();
  },

  async "unref and stream"() {
    const client = await connect(address);
    client.unref();
    process.channel.unref();
    const items = [];
    for await (const item of client.stream("later items")) items.push(item);
    report("answered", { answer: items });
    process.disconnect();
  },

  async "unref before there is a server"() {
    const client = await connect(address, {
      lazy: true,
      unref: true,
      retry: { minMs: 5, maxMs: 20 },
    });
    process.channel.unref();
    report("calling");
    report("answered", { answer: await client.call("later") });
    process.disconnect();
  },

  async "answer nothing"() {
    await connect(address, { handlers: { never: () => new Promise(() => {}) } });
    report("ready");
  },

  /** Waits for an answer of a client that may come back, and does nothing else. */
  async "unref and call a client"() {
    const server = await serve(address);
    const arrival = new Promise((resolve) => server.onPeer(resolve));
    report("ready", { address: server.address });
    const peer = await arrival;
    server.unref();
    const calling = peer.call("never", undefined, { timeoutMs: 1_000 });
    peer.onState(report);
    report("answered", { answer: await calling.catch(({ code }) => code) });
    process.disconnect();
  },

  /** More than the window has: the rest waits until the listeners have settled. */
  async "unref and post"() {
    const client = await connect(address, { limits: { highWaterMarkBytes: 1_000 } });
    client.unref();
    process.channel.unref();
    for (let n = 0; n < 2_000; n++) await client.post("later", "x".repeat(100));
    report("answered", { answer: "posted" });
    process.disconnect();
  },

  async "close and let go"() {
    const client = await connect(address);
    await client.call("echo", 1);
    await client.close();
    process.disconnect();
  },

  async "ask and let go"() {
    const server = await serve(address);
    const client = await connect(server.address, {
      handlers: { never: () => new Promise(() => {}) },
    });
    client.unref();
    server.unref();
    void server.ask("never", undefined, { ref: false, timeoutMs: 0 });
    process.disconnect();
  },

  async "listen and idle"() {
    const server = await serve(address, { unref: true });
    server.handle("x", () => 1);
    process.disconnect();
  },
};

process.on("unhandledRejection", (reason) => {
  console.error("unhandled", reason);
  process.exit(70);
});
await actions[act ?? role]();
