// A session goes on for its client alone, and for the newest attempt of it: whoever comes too late, or
// with a token that has served, takes nothing from the connection that stands.
import { connect, MemoryRegistry, memory, type Notice, serve } from "myelin";
import { faulty } from "myelin/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { turns, until } from "../../../../test/support/within.ts";
import { keep } from "../endpoint/pairing.ts";
import { recordedAttempts, sayAgain } from "./recorded-attempts.ts";

const address = { scheme: "memory", name: "finding-14" } as const;
const resume = { windowMs: 10_000 };
const retry = { minMs: 1, maxMs: 5 };
let registry: MemoryRegistry;
beforeEach(() => {
  registry = new MemoryRegistry();
});

/** A client that has come back once, and what it said to do so. */
async function cameBack(authorize: () => Promise<true> = () => Promise.resolve(true)) {
  const inner = memory({ registry });
  const heard: unknown[] = [];
  const server = keep(
    await serve("memory:finding-14", {
      transports: [inner],
      resume,
      authorize,
      events: { number: (n) => void heard.push(n) },
    }),
  );
  const recorded = recordedAttempts(inner);
  const unreliable = faulty(recorded);
  const client = keep(
    await connect("memory:finding-14", { transports: [unreliable], resume, retry }),
  );
  const notices: Notice[] = [];
  client.onNotice((notice) => void notices.push(notice));
  const [peer] = [...server.peers.values()];
  if (peer === undefined) throw new Error("nobody came in");
  unreliable.faults.cutAll();
  await until("it is back", () => client.stats().resumed === 1 && peer.stats().resumed === 1);
  // The greeting is what it says first.
  const hello = recorded.attempts[1]?.slice(0, 1) ?? [];
  return {
    client,
    faults: unreliable.faults,
    heard,
    hello,
    inner,
    notices,
    peer,
    recorded,
    server,
  };
}

/** The client speaks, breaks off and comes back, as if nothing had been. */
async function goesOn({
  client,
  faults,
  heard,
  notices,
  peer,
}: Awaited<ReturnType<typeof cameBack>>) {
  const { resumed } = client.stats();
  for (let n = 0; n < 10; n += 1) client.send("number", n);
  await client.flush();
  faults.cutAll();
  await until("it is back again", () => client.stats().resumed > resumed);
  for (let n = 10; n < 20; n += 1) client.send("number", n);
  await client.flush();
  expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => n));
  expect(notices).toEqual([]);
  expect(client.id).toBe(peer.id);
}

describe("a resume", () => {
  test("with a token that has served takes nothing from the connection that stands", async () => {
    const all = await cameBack();
    const { client, hello, inner, peer, server } = all;
    await client.flush();
    const states: string[] = [];
    peer.onState((state) => void states.push(state));
    await sayAgain(inner, address, hello);
    await until("it is let in, as somebody else", () => server.peers.size === 2);
    await client.flush();
    expect(states).toEqual([]);
    await goesOn(all);
  });

  test("that comes late, before the client has said a word, does not end the session", async () => {
    const all = await cameBack();
    const { client, faults, inner, peer, recorded } = all;
    recorded.passes = "greeting";
    faults.cutAll();
    await until("it is welcome, and not heard", () => client.stats().resumed === 2);
    // As if the same had been on its way for long.
    await sayAgain(inner, address, recorded.attempts[2]?.slice(0, 1) ?? []);
    await until("the old one is let in", () => peer.stats().resumed === 3);
    recorded.passes = "all";
    faults.cutAll();
    await until("it is back", () => client.stats().resumed === 3);
    await goesOn(all);
  });

  test("that comes twice at once goes on for the newest, and the other is cut", async () => {
    let asked = 0;
    let decide!: () => void;
    const decided = new Promise<true>((resolve) => (decide = () => resolve(true)));
    // The first to come in, and to come back; then two who are let in at the same moment.
    const all = await cameBack(() => (++asked <= 2 ? Promise.resolve(true as const) : decided));
    const { faults, inner, recorded, server } = all;
    recorded.passes = "nothing";
    faults.cutAll();
    await until("it says hello", () => (recorded.attempts[2]?.length ?? 0) > 0);
    const hello = recorded.attempts[2] as Buffer[];
    const both = [await sayAgain(inner, address, hello), await sayAgain(inner, address, hello)];
    await until("both wait", () => asked === 4);
    decide();
    await until("one is cut", () => both.some(({ isOpen }) => !isOpen()));
    await turns();
    expect(both.map(({ isOpen }) => isOpen())).toEqual([false, true]);
    expect(server.peers.size).toBe(1);
    recorded.passes = "all";
    faults.cutAll();
    await until("it is back", () => all.client.stats().resumed === 2);
    await goesOn(all);
  });
});
