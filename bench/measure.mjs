// Runs one scenario: every round starts all peers' processes anew and lets the peers take turns,
// block by block, so that a drift of the machine meets all of them.
import { actorFile, ForkedActor, HandedActor } from "./actor.mjs";
import { Remote } from "./remote.mjs";

/**
 * @param peers of which the results are wanted
 * @param onProgress is told what happens now
 * @returns for each peer, by name, one result per round; rejects with what went wrong
 */
export async function measure({ scenario, settings, peers, rounds, targets, onProgress }) {
  const traffic = await import(`./traffic/${scenario.traffic}.mjs`);
  const results = Object.fromEntries(peers.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    onProgress(`round ${round + 1} of ${rounds}`);
    // Nobody always comes after the same one.
    const order = peers.map((_, index) => peers[(index + round) % peers.length]);
    const contests = [];
    try {
      for (const peer of order) {
        const target = await targets.next(peer.transport ?? scenario.transport);
        contests.push(await contestOf({ scenario, settings, traffic, peer, target }));
      }
      for (const { name, result } of await takeTurns(contests)) results[name].push(result);
    } finally {
      await Promise.all(contests.flatMap(({ remotes }) => remotes.map((remote) => remote.end())));
    }
  }
  return results;
}

/** One peer's processes, connected, and its steps. */
async function contestOf({ scenario, settings, traffic, peer, target }) {
  const remotes = [];
  const share = { traffic: scenario.traffic, peerModule: peer.module, target, settings };
  const enter = (role, actor) => {
    const remote = new Remote(`${peer.title}, ${role}`, actor);
    remotes.push(remote);
    return remote;
  };
  try {
    const [server, clients] = peer.forksClient
      ? parentAndChild(share, enter)
      : await serverAndClients(share, { traffic, settings, enter });
    await Promise.all(remotes.map(({ ready }) => ready));
    const steps = traffic.steps({ server, clients, settings });
    return { name: peer.name, title: peer.title, remotes, steps };
  } catch (error) {
    await Promise.all(remotes.map((remote) => remote.end()));
    throw error;
  }
}

async function serverAndClients(share, { traffic, settings, enter }) {
  const start = async (role, execArgv) => {
    const remote = enter(role, new ForkedActor({ ...share, role }, execArgv, false));
    await remote.ready;
    return remote;
  };
  const server = await start("server", traffic.serverArguments ?? []);
  const clients = [];
  for (let count = settings.clientProcesses ?? 1; count > 0; count--) {
    clients.push(await start("client", []));
  }
  return [server, clients];
}

/** The server starts the client itself, because the channel between the two is what is measured. */
function parentAndChild(share, enter) {
  const client = JSON.stringify({ ...share, role: "client", ordersOverPipe: true });
  const target = { fork: [actorFile, [client]] };
  const parent = new ForkedActor({ ...share, role: "server", target }, [], true);
  return [enter("server", parent), [enter("client", new HandedActor(parent))]];
}

async function takeTurns(contests) {
  const finished = [];
  let running = contests;
  while (running.length > 0) {
    const unfinished = [];
    for (const contest of running) {
      // A process that fails while another one is waited for ends it all.
      const broken = contest.remotes.map((remote) => remote.broken);
      const { done, value } = await Promise.race([nextOf(contest), ...broken]);
      if (done) finished.push({ name: contest.name, result: value });
      else unfinished.push(contest);
    }
    running = unfinished;
  }
  return finished;
}

async function nextOf({ steps, title }) {
  try {
    return await steps.next();
  } catch (error) {
    throw error.message.startsWith(title) ? error : new Error(`${title}: ${error.message}`);
  }
}
