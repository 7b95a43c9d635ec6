// A session over a local transport that may go on: where nobody listens any more, nobody has kept it.
import { chmodSync } from "node:fs";
import { connect, type Listener, local, serve, type Transport, tcp, unix } from "myelin";
import { faulty } from "myelin/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { removeTempFolders, tempFolder } from "../../../../test/support/temp-path.ts";
import { until } from "../../../../test/support/within.ts";

const kept: { close(options: { timeoutMs: number }): Promise<void> }[] = [];
const keep = <Each extends (typeof kept)[number]>(each: Each): Each => {
  kept.push(each);
  return each;
};
beforeEach(() => vi.stubEnv("MYELIN_DIR", `${tempFolder()}/chosen`));
afterEach(async () => {
  for (const each of kept.splice(0)) await each.close({ timeoutMs: 0 }).catch(() => {});
  vi.unstubAllEnvs();
  removeTempFolders();
});

const resume = { windowMs: 600_000 };
const retry = { minMs: 1, maxMs: 10 };
type Retry = typeof retry & { maxAttempts?: number };

/** A client of a server that can stop to listen without a word, as one does that was killed. */
async function pair(inner: Transport, address: string, again: Retry = retry) {
  const listeners: Listener[] = [];
  let dials = 0;
  const noting: Transport = {
    ...inner,
    async dial(...where) {
      dials += 1;
      return inner.dial(...where);
    },
    async listen(...where) {
      const listener = await inner.listen(...where);
      listeners.push(listener);
      return listener;
    },
  };
  const server = keep(await serve(address, { transports: [noting], resume }));
  server.handle("never", () => new Promise(() => {}));
  const line = faulty(noting);
  const client = keep(await connect(server.address, { transports: [line], resume, retry: again }));
  client.onNotice(() => {});
  const call = client.call("never");
  await until("it runs", () => server.stats().activeHandlers === 1);
  const kill = async (): Promise<void> => {
    for (const listener of listeners) await listener.close();
    line.faults.cutAll();
  };
  return { call, client, dials: () => dials, kill };
}

describe.skipIf(process.platform !== "linux")("a server that is not there any more", () => {
  test.each([
    ["a path, which is gone", unix(), () => `unix:${tempFolder()}/x.sock`],
    ["an abstract name, which is refused", unix(), () => `unix:@myelin-gone-${process.pid}`],
    ["a local name", local(), () => "local:gone"],
  ])("ends the session at once: %s", async (_, transport, address) => {
    const where = address();
    const { call, client, kill } = await pair(transport, where);
    const failed = expect(call).rejects.toMatchObject({
      code: "ERR_CONNECTION_LOST",
      ran: "maybe",
    });
    await kill();
    await until("it knows", () => client.state !== "open");
    client.send("later", 1);
    await failed;
    expect(client.state).toBe("connecting");
    const heard: unknown[] = [];
    const events = { later: (data: unknown) => void heard.push(data) };
    keep(await serve(where, { transports: [transport], resume, events }));
    await until("it is in the next session", () => heard.length === 1);
    expect(client.state).toBe("open");
  });

  test("is not taken for gone where a folder may not be looked into", async () => {
    const { call, client, dials, kill } = await pair(local(), "local:gone");
    let isOver = false;
    call.catch(() => (isOver = true));
    chmodSync(process.env["MYELIN_DIR"] as string, 0o755);
    await kill();
    const before = dials();
    await until("it has tried", () => dials() > before + 2);
    expect([client.state, isOver]).toEqual(["detached", false]);
  });

  test("is waited for over tcp, where a refusal proves nothing", async () => {
    const { call, client, dials, kill } = await pair(tcp(), "tcp://127.0.0.1:0");
    let isOver = false;
    call.catch(() => (isOver = true));
    await kill();
    const before = dials();
    await until("it has tried", () => dials() > before + 2);
    expect([client.state, isOver]).toEqual(["detached", false]);
  });

  test("is the end of a client that does not try for long", async () => {
    const { call, client, kill } = await pair(local(), "local:gone", { ...retry, maxAttempts: 1 });
    const failed = expect(call).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
    await kill();
    await failed;
    expect(await client.closed).toMatchObject({ by: "failure" });
  });
});
