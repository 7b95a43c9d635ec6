// The parts of the library itself: calls one at a time, then a flood of events and one of stream items
// in each direction, every one of them checked. As in roles.mjs, each part is { begin, tally }.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, serve } from "myelin";
import { MESSAGES, median, message, ROUND_TRIPS, Tally, WARM_UP } from "./conversation.mjs";

/** Answers calls, checks what comes, and sends as much. */
export function playMyelinServer(settings, { report, fail }) {
  const { transport } = settings;
  const events = new Tally(MESSAGES, transport, fail);
  const items = new Tally(MESSAGES, transport, fail);
  const tally = () => ({ problem: events.problem ?? items.problem });

  async function begin() {
    const server = await serve(addressOf(settings), {
      ...optionsOf(settings),
      handlers: {
        echo: (data) => data,
        async up(source) {
          for await (const item of source) items.take(item);
          return items.received;
        },
        down: () => messages(transport),
      },
    });
    server.on("up", (data, { peer }) => {
      events.take(data);
      if (!events.complete) return;
      for (const next of messages(transport)) peer.send("down", next);
    });
    server.onPeer((peer) => void peer.closed.then(() => report("done", tally())));
    report("ready");
  }
  return { begin: () => begin().catch(fail), tally };
}

/** Measures calls one at a time, then floods. */
export function playMyelinClient(settings, { report, fail }) {
  const { transport } = settings;
  const answers = new Tally(ROUND_TRIPS, transport, fail);
  const events = new Tally(MESSAGES, transport, fail);
  const items = new Tally(MESSAGES, transport, fail);
  const tally = () => ({ problem: answers.problem ?? events.problem ?? items.problem });

  async function begin() {
    const client = await connect(addressOf(settings), optionsOf(settings));
    const roundTrips = [];
    for (let n = 0; n < ROUND_TRIPS; n++) {
      const askedAt = performance.now();
      const answer = await client.call("echo", message(n, transport));
      roundTrips.push(performance.now() - askedAt);
      answers.take(answer);
    }

    const floodedAt = performance.now();
    const heardAll = new EventTarget();
    const allHeard = once(heardAll, "all");
    client.on("down", (data) => {
      events.take(data);
      if (events.complete) heardAll.dispatchEvent(new Event("all"));
    });
    for (const next of messages(transport)) client.send("up", next);
    await allHeard;
    await client.upload("up", messages(transport));
    for await (const item of client.stream("down")) items.take(item);
    const floodMs = performance.now() - floodedAt;

    await client.close();
    report("done", {
      ...tally(),
      roundTripMs: median(roundTrips.slice(WARM_UP)),
      floodMs,
      flood: 4 * MESSAGES,
    });
  }
  return { begin: () => begin().catch(fail), tally };
}

function* messages(transport) {
  for (let n = 0; n < MESSAGES; n++) yield message(n, transport);
}

function addressOf({ transport, address }) {
  if (transport !== "unix") return `${transport}://${address.host}:${address.port}`;
  return process.platform === "win32"
    ? `pipe:${address.path.replaceAll("/", "-")}`
    : `unix:${address.path}`;
}

/** The certificates as the library takes them: what is in the files that node-ipc is told of. */
function optionsOf({ tls }) {
  if (tls === undefined) return {};
  const read = (path) => (path === undefined ? undefined : readFileSync(path));
  const { private: key, public: cert, trustedConnections: ca, ...rest } = tls;
  const files = { key: read(key), cert: read(cert), ca: read(ca) };
  const given = Object.entries(files).filter(([, file]) => file !== undefined);
  return { tls: { ...rest, ...Object.fromEntries(given) } };
}
