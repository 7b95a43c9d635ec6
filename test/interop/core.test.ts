// The library itself in node-ipc's dialect, as server and as client, with every real version at the other end.
import { readFileSync } from "node:fs";
import { connect, serve, type TlsOptions } from "myelin";
import { afterEach, describe, expect } from "vitest";
import { type RealImplementation, realImplementations } from "../support/implementations.ts";
import { test } from "../support/program.ts";
import { removeTempFolders, tempFolder } from "../support/temp-path.ts";
import { testCertificates } from "../support/tls-certs.ts";
import { until } from "../support/within.ts";
import type { Channel } from "./channels.ts";
import { asHeard, eventNames, falsy, type Message, nested, numbered, unicode } from "./messages.ts";
import { openClient, openServer, type Party, type Place } from "./parties.ts";

const timeout = 120_000;
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  removeTempFolders();
});

function keep<Each extends (typeof open)[number]>(each: Each): Each {
  open.push(each);
  return each;
}

/** What our side says, and what it has heard. */
interface Voice {
  send(name: string, data?: unknown): boolean;
  on(name: string, listener: (data: unknown) => void): unknown;
}

function listen(voice: Voice): unknown[][] {
  const heard: unknown[][] = [];
  for (const name of eventNames) voice.on(name, (data) => void heard.push([name, data]));
  return heard;
}

/** Both say everything there is to say. */
async function converse(real: RealImplementation, party: Party, voice: Voice) {
  const heard = listen(voice);
  const all: readonly (readonly Message[])[] = [falsy, unicode, nested, numbered(2_000)];
  for (const messages of all) {
    for (const [name, data] of messages) voice.send(name, data);
    party.send({ collect: messages.length });
    const { messages: theirs } = await party.next("collected");
    expect(theirs).toStrictEqual(asHeard("ours", messages));
    heard.length = 0;
    party.send({ say: messages });
    await until("all of theirs", () => heard.length === messages.length);
    expect(heard).toStrictEqual(asHeard(real, messages));
  }
}

const kinds = ["unix", "tcp", "tls"] as const;

const { ca, server: serverFiles, client: clientFiles } = testCertificates();

/** How the real one is told where we are, or where it is to be. */
function channelOf(kind: (typeof kinds)[number], socketRoot: string): Channel {
  const config = { socketRoot, appspace: "app." };
  if (kind === "unix") return { name: kind, kind, serverConfig: config, clientConfig: config };
  if (kind === "tcp") return { name: kind, kind };
  const tls = ({ cert, key }: { cert: string; key: string }) => ({
    tls: { private: key, public: cert, trustedConnections: ca, rejectUnauthorized: true },
  });
  const serverConfig = { tls: { ...tls(serverFiles).tls, requestCert: true } };
  return { name: kind, kind: "tcp", serverConfig, clientConfig: tls(clientFiles) };
}

function addressOf(kind: (typeof kinds)[number], socketRoot: string, place: Place): string {
  if (kind === "unix") return `unix:${socketRoot}app.${place.id}`;
  return `${kind}://${place.host ?? "127.0.0.1"}:${place.port ?? 0}`;
}

/** Our own certificates, both ways. */
function tlsOf({ cert, key }: { cert: string; key: string }): TlsOptions {
  const read = (path: string) => readFileSync(path, "utf8");
  return { cert: read(cert), key: read(key), ca: read(ca), requestCert: true };
}

describe.each(kinds)("over %s", (kind) => {
  for (const real of realImplementations) {
    test(`a server with a client of ${real}, and one of its own beside it`, { timeout }, async ({
      programs,
    }) => {
      const socketRoot = `${tempFolder()}/`;
      const address = addressOf(kind, socketRoot, { id: "cell" });
      const server = keep(
        await serve(address, {
          accept: ["myelin", "node-ipc"],
          ...(kind === "tls" && { tls: tlsOf(serverFiles) }),
        }),
      );
      const own = keep(
        await connect(server.address, kind === "tls" ? { tls: tlsOf(clientFiles) } : {}),
      );
      const news: unknown[] = [];
      own.on("hello", (data) => void news.push(data));
      const [, port] = /:(\d+)$/.exec(server.address) ?? [];
      const place: Place = {
        id: "cell",
        ...(port !== undefined && { host: "127.0.0.1", port: Number(port) }),
      };
      const client = await openClient(programs, real, channelOf(kind, socketRoot), place);
      // It has said nothing yet, and is a peer all the same.
      await until("it is let in", () => server.peers.size === 2);
      const peer = [...server.peers.values()].find(({ dialect }) => dialect === "node-ipc");
      if (peer === undefined) throw new Error("it is no peer of node-ipc's");
      await converse(real, client, peer);
      expect(server.broadcast("hello", "all of you")).toMatchObject({ accepted: 2 });
      client.send({ collect: 1 });
      expect(await client.next("collected")).toMatchObject({ messages: [["hello", "all of you"]] });
      await until("the other hears it", () => news.length === 1);
      await client.kill();
      await until("it is gone", () => server.peers.size === 1);
    });

    test(`a client of a server of ${real}`, { timeout }, async ({ programs }) => {
      const socketRoot = `${tempFolder()}/`;
      const { place, server } = await openServer(programs, real, channelOf(kind, socketRoot));
      const client = keep(
        await connect(addressOf(kind, socketRoot, place), {
          dialect: "node-ipc",
          ...(kind === "tls" && { tls: tlsOf(clientFiles) }),
        }),
      );
      await server.next("joined");
      await converse(real, server, client);
    });
  }
});
