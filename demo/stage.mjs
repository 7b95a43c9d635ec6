// Plays one scenario with real processes and says how it went.
import { Actor } from "./actor.mjs";
import { BROADCASTS, MESSAGES, ROUND_TRIPS } from "./conversation.mjs";
import { deferred } from "./deferred.mjs";
import { freePort } from "./free-port.mjs";
import { peers } from "./peers.mjs";

const HOST = "127.0.0.1";
// A row takes a third of a second. The variable is for the tests, which let peers go silent.
const DEADLINE_MS = Number(process.env.MYELIN_DEMO_DEADLINE_MS ?? 8_000);
const PORT_ATTEMPTS = 3;

/**
 * The result of a scenario: { messages, roundTripMs, perSecond } and `problem`, which is undefined
 * when every message arrived as it was sent.
 */
export async function play(scenario, workspace, certificates) {
  for (let attempt = 1; ; attempt++) {
    const result = await playOnce(scenario, workspace, certificates);
    // Somebody took the port between our look and the server's bind.
    if (result.code !== "EADDRINUSE" || attempt === PORT_ATTEMPTS) return result;
  }
}

async function playOnce(scenario, workspace, certificates) {
  const actors = (await castOf(scenario, workspace, certificates)).map(
    ({ peer, settings }) => new Actor(workspace, peer, settings),
  );
  const [server, ...clients] = actors;
  try {
    const results = await withDeadline(actors, async () => {
      await Promise.all(actors.map((actor) => actor.until("loaded")));
      server.ask("begin");
      await server.until("ready");
      for (const client of clients) client.ask("begin");
      return Promise.all(actors.map((actor) => actor.until("done")));
    });
    const problem = results.find((result) => result.problem !== undefined)?.problem;
    return { ...figures(results, clients.length), problem };
  } catch (error) {
    return { messages: 0, problem: error.message, code: error.code };
  } finally {
    await Promise.all(actors.map((actor) => actor.leave()));
  }
}

/** Who plays, with what in hand: the server first. */
async function castOf({ transport, server, clients }, workspace, certificates) {
  const broadcast = clients.length > 1;
  const [serverPart, clientPart] = partsOf(server, broadcast);
  const net = async () => ({ host: HOST, port: await freePort() });
  const address = transport === "unix" ? { path: workspace.socketPath() } : await net();
  const cast = async (peer, part, tls) => ({
    peer,
    settings: {
      part,
      transport,
      address,
      // Over UDP a client is a server too, with a port of its own.
      ownAddress: transport === "udp" && part === "client" ? await net() : undefined,
      clients: clients.length,
      tls: transport === "tls" ? tls : undefined,
    },
  });
  return Promise.all([
    cast(server, serverPart, certificates.server),
    ...clients.map((client) => cast(client, clientPart, certificates.client)),
  ]);
}

function partsOf(server, broadcast) {
  if (server === peers.myelin) return ["myelin server", "myelin client"];
  return broadcast ? ["broadcast server", "listener"] : ["server", "client"];
}

function figures(results, clients) {
  const roundTripMs = results.map((result) => result.roundTripMs).find(Number.isFinite);
  const floodMs = results.map((result) => result.floodMs).find(Number.isFinite);
  const told = results.map((result) => result.flood).find(Number.isFinite);
  const flood = told ?? (clients > 1 ? clients * BROADCASTS : 2 * MESSAGES);
  return {
    messages: clients > 1 ? flood : 2 * ROUND_TRIPS + flood,
    roundTripMs,
    perSecond: (flood / floodMs) * 1_000,
  };
}

/** Runs a step; when it takes too long, asks everybody what is missing and says that. */
async function withDeadline(actors, step) {
  const late = deferred();
  const timer = setTimeout(late.resolve, DEADLINE_MS, "late");
  try {
    const first = await Promise.race([step(), late.promise]);
    if (first !== "late") return first;
  } finally {
    clearTimeout(timer);
  }
  throw new Error(await whatIsMissing(actors));
}

async function whatIsMissing(actors) {
  const answers = actors.map(async (actor) => {
    actor.ask("tally");
    const { problem } = await actor.until("tally");
    return problem === undefined ? undefined : `${actor.name}: ${problem}`;
  });
  const patience = deferred();
  const timer = setTimeout(patience.resolve, 500, []);
  const said = await Promise.race([Promise.allSettled(answers), patience.promise]);
  clearTimeout(timer);
  const problem = said.map(({ value }) => value).find((text) => text !== undefined);
  return `no end after ${DEADLINE_MS / 1_000} s${problem === undefined ? "" : `; ${problem}`}`;
}
