// The parts that a process can play. Each returns { begin, tally }: what it does when the demo says
// so, and what it can say about what it has heard, even when the conversation broke off.
import {
  BROADCASTS,
  MESSAGES,
  median,
  message,
  ROUND_TRIPS,
  sender,
  Tally,
  WARM_UP,
  windowOf,
} from "./conversation.mjs";
import { call, listen } from "./links.mjs";

/** Answers pings, checks a flood of messages, sends one back. */
export function playServer(ipc, settings, { report, fail }) {
  const { transport } = settings;
  const size = windowOf(transport, MESSAGES);
  const heard = new Tally(MESSAGES, transport, fail);
  const tally = () => ({ problem: heard.problem });

  function begin() {
    const server = listen(ipc, settings, { ready: () => report("ready"), fail });
    let sendUpTo;
    server.on("ping", (data, socket) => server.emit(socket, "pong", data));
    server.on("up", (data, socket) => {
      heard.take(data);
      if (heard.received % size === 0) server.emit(socket, "seen", { n: heard.received });
      if (!heard.complete) return;
      sendUpTo = sender(MESSAGES, size, transport, (next) => server.emit(socket, "down", next));
      sendUpTo(0);
    });
    server.on("seen", ({ n }, socket) => {
      sendUpTo(n);
      if (n < MESSAGES) return;
      server.emit(socket, "end");
      report("done", tally());
    });
  }
  return { begin, tally };
}

/** Measures round trips one at a time, then a flood in each direction. */
export function playClient(ipc, settings, { report, fail }) {
  const { transport } = settings;
  const size = windowOf(transport, MESSAGES);
  const pongs = new Tally(ROUND_TRIPS, transport, fail);
  const heard = new Tally(MESSAGES, transport, fail);
  const tally = () => ({ problem: pongs.problem ?? heard.problem });

  function begin() {
    const roundTrips = [];
    let askedAt = 0;
    let floodedAt = 0;
    let floodMs = 0;
    const link = call(ipc, settings, { opened: ping, fail });
    const sendUpTo = sender(MESSAGES, size, transport, (next) => link.send("up", next));

    function ping() {
      const next = message(roundTrips.length, transport);
      askedAt = performance.now();
      link.send("ping", next);
    }
    link.on("pong", (data) => {
      roundTrips.push(performance.now() - askedAt);
      pongs.take(data);
      if (roundTrips.length < ROUND_TRIPS) return ping();
      floodedAt = performance.now();
      sendUpTo(0);
    });
    link.on("seen", ({ n }) => sendUpTo(n));
    link.on("down", (data) => {
      heard.take(data);
      if (heard.received % size === 0) link.send("seen", { n: heard.received });
      if (heard.complete) floodMs = performance.now() - floodedAt;
    });
    // Behind the last message, so that one that came twice has been noticed.
    link.on("end", () => {
      report("done", { ...tally(), roundTripMs: median(roundTrips.slice(WARM_UP)), floodMs });
    });
  }
  return { begin, tally };
}

/** Tells every client the same, once all of them have said that they listen. */
export function playBroadcastServer(ipc, settings, { report, fail }) {
  const { transport, clients } = settings;
  let listening = 0;
  let finished = 0;
  const tally = () => ({
    problem: finished < clients ? `${finished} of ${clients} clients heard it all` : undefined,
  });

  function begin() {
    const server = listen(ipc, settings, { ready: () => report("ready"), fail });
    let floodedAt = 0;
    server.on("listening", () => {
      if (++listening < clients) return;
      floodedAt = performance.now();
      for (let n = 0; n < BROADCASTS; n++) server.broadcast("down", message(n, transport));
    });
    server.on("heard", () => {
      if (++finished < clients) return;
      server.broadcast("end");
      report("done", { ...tally(), floodMs: performance.now() - floodedAt });
    });
  }
  return { begin, tally };
}

/** Checks every broadcast. */
export function playListener(ipc, settings, { report, fail }) {
  const heard = new Tally(BROADCASTS, settings.transport, fail);
  const tally = () => ({ problem: heard.problem });

  function begin() {
    const opened = () => link.send("listening", { name: settings.name });
    const link = call(ipc, settings, { opened, fail });
    link.on("down", (data) => {
      heard.take(data);
      if (heard.complete) link.send("heard", { name: settings.name });
    });
    link.on("end", () => report("done", tally()));
  }
  return { begin, tally };
}
