// Listeners that fail are told of, and end nothing: those of events, and those of the endpoints themselves.
import { once } from "node:events";
import { connect, type Notice, serve } from "myelin";
import { expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep, pair } from "./pairing.ts";

const bug = new TypeError("cannot read x\nof undefined");
const throwing = (): never => {
  throw bug;
};

/** The next warning of the process. */
async function warned(): Promise<Error & { detail?: string }> {
  const [warning] = await within("a warning", once(process, "warning"));
  return warning as Error;
}

test.each<[string, () => unknown]>([
  ["throws", throwing],
  ["rejects", async () => throwing()],
])(
  "a listener of onPeer or onState that %s is a notice, and the server lives",
  async (_, fails) => {
    const server = keep(await serve(freshAddress(), { handlers: { ok: () => "ok" } }));
    const notices: Notice[] = [];
    server.onNotice((notice) => void notices.push(notice));
    server.onPeer(fails);
    server.onPeer((peer) => void peer.onState(fails));
    const client = keep(await connect(server.address, { retry: false }));
    const id = [...server.peers.keys()][0];
    expect(await client.call("ok")).toBe("ok");
    await client.close();
    await until("both are told", () => notices.length === 2);
    expect(notices).toMatchObject([
      { kind: "listener-failed", name: "onPeer", peer: { id }, error: bug },
      { kind: "listener-failed", name: "onState", peer: { id }, error: bug },
    ]);
  },
);

test("a listener of onDrain that fails is a notice", async () => {
  const { client, notices } = await pair({ client: { limits: { highWaterMarkBytes: 1024 } } });
  client.onDrain(throwing);
  while (client.send("large", "x".repeat(10_000)));
  await until("it is told", () => notices.some(({ kind }) => kind === "listener-failed"));
  expect(notices).toContainEqual(expect.objectContaining({ name: "onDrain", error: bug }));
});

test("a listener of onNotice that fails is warned of, once, and of nothing else", async () => {
  const server = keep(await serve(freshAddress()));
  let heard = 0;
  server.onNotice(() => {
    heard += 1;
    throwing();
  });
  server.onNotice(async () => throwing());
  const client = keep(await connect(server.address, { retry: false }));
  const warning = warned();
  client.send("one");
  client.send("two");
  await client.flush();
  expect(await warning).toMatchObject({
    name: "MyelinWarning",
    message: expect.stringMatching(
      /^listener-failed of "onNotice" \(peer ".+"\): TypeError: cannot read x$/,
    ),
    cause: bug,
  });
  expect(heard).toBe(2);
});

test("where nobody listens to notices, a warning says what failed, on one short line", async () => {
  const { server, client } = await unheard();
  server.on("x", throwing);
  const warning = warned();
  client.send("x");
  expect(await warning).toMatchObject({
    name: "MyelinWarning",
    message: expect.stringMatching(
      /^listener-failed of "x" \(peer ".+"\): TypeError: cannot read x$/,
    ),
    detail: expect.stringContaining("onNotice()"),
    cause: bug,
  });
});

/** Nobody hears notices. */
async function unheard() {
  const server = keep(await serve(freshAddress()));
  return { server, client: keep(await connect(server.address)) };
}
