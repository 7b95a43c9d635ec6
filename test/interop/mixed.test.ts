import { describe, type ExpectStatic } from "vitest";
import { canRun, type Implementation, realImplementations } from "../support/implementations.ts";
import { test } from "../support/program.ts";
import { testCertificates } from "../support/tls-certs.ts";
import type { Channel } from "./channels.ts";
import { asHeard, falsy, nested, numbered, unicode } from "./messages.ts";
import { openClient, openServer, type Party } from "./parties.ts";

const certificates = testCertificates();

const everybody: readonly Implementation[] = ["ours", ...realImplementations];
const servers = (["ours", "node-ipc@9.2.1", "node-ipc@14.0.0"] as const).filter(canRun);
const unix: Channel = { name: "unix", kind: "unix" };
const streams: readonly Channel[] = [
  unix,
  { name: "tcp", kind: "tcp" },
  {
    name: "tls",
    kind: "tcp",
    serverConfig: {
      tls: { private: certificates.server.key, public: certificates.server.cert },
    },
    clientConfig: { tls: { rejectUnauthorized: false } },
  },
];
const news = [...falsy, ...unicode, ...nested, ...numbered(100)];

describe.concurrent("a broadcast reaches clients of every version that only listen", () => {
  for (const implementation of servers) {
    for (const channel of implementation === "ours" ? streams : [unix]) {
      test(`from ${implementation}, over ${channel.name}`, async ({ programs, expect }) => {
        const { server, place } = await openServer(programs, implementation, channel);
        const clients = await Promise.all(
          everybody.map((client) => openClient(programs, client, channel, place)),
        );
        for (const _ of clients) await server.next("joined");

        server.send({ say: news, to: "all" });
        await expectAllHear(expect, clients, asHeard(implementation, news));

        // One that dies takes nobody with it.
        const [victim, ...rest] = clients;
        await victim?.kill();
        expect(await server.next("left")).toMatchObject({ id: false, known: true });
        server.send({ say: [["hello", "again"]], to: "all" });
        await expectAllHear(expect, rest, [["hello", "again"]]);
      });
    }
  }
});

describe.concurrent("a broadcast over UDP reaches every peer that has been heard", () => {
  for (const implementation of servers) {
    // 9 to 12 keep no list of peers: their broadcast goes to nobody.
    const reaches = implementation === "ours" || implementation === "node-ipc@14.0.0";
    const channel: Channel = { name: "udp4", kind: "udp4" };
    test(`from ${implementation}${reaches ? "" : ": it reaches nobody"}`, async ({
      programs,
      expect,
    }) => {
      const { server, place } = await openServer(programs, implementation, channel);
      const peers: Party[] = [];
      for (const peer of everybody) peers.push(await openClient(programs, peer, channel, place));
      for (const peer of peers) peer.send({ say: [["hello", "I am here"]] });
      server.send({ collect: peers.length });
      await server.next("collected");

      server.send({ say: falsy, to: "all" });
      if (reaches) {
        await expectAllHear(expect, peers, asHeard(implementation, falsy));
        return;
      }
      // Datagrams on the loopback keep their order: what the server says to one peer next is the first that comes.
      server.send({ say: [["hello", "to one"]] });
      const first = await Promise.race(
        peers.map((peer) => {
          peer.send({ collect: 1 });
          return peer.next("collected");
        }),
      );
      expect(first.messages).toEqual([["hello", "to one"]]);
    });
  }
});

async function expectAllHear(
  expect: ExpectStatic,
  parties: readonly Party[],
  messages: unknown[][],
): Promise<void> {
  for (const party of parties) {
    party.send({ collect: messages.length });
    const collected = await party.next("collected");
    expect.soft(collected.messages, party.name).toStrictEqual(messages);
  }
}
