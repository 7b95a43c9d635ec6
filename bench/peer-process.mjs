// One process of a measurement: loads one implementation, plays the server or the client of one kind
// of traffic, and does what run.mjs asks (never over what is measured; orders.mjs).
import { openOrders } from "./orders.mjs";

const { traffic, role, peerModule, target, settings, ordersOverPipe } = JSON.parse(process.argv[2]);
let failed = false;
let perform;
const answer = openOrders(ordersOverPipe, (request) => perform(request).catch(fail));

process.on("disconnect", () => process.exit());
process.on("uncaughtException", fail);

/** Ends this process, and with it the measurement: a wrong message makes every figure worthless. */
function fail(reason) {
  if (failed) return;
  failed = true;
  const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
  answer({ failed: text }, () => process.exit(1));
}

function cpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

try {
  const [{ [role]: play }, { peer }] = await Promise.all([
    import(`./traffic/${traffic}.mjs`),
    import(peerModule),
  ]);
  const part = await play({ peer, target, settings, fail });
  const commands = { cpu, ...part };
  perform = async ({ id, command, args }) => {
    answer({ id, result: await commands[command](...args) });
  };
  answer({ id: 0 });
} catch (error) {
  fail(error);
}
