// close() with a signal: who aborts it waits no longer, and hears what was lost.
import { connect, MemoryRegistry, memory, serve } from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { within } from "../../../../test/support/within.ts";
import { freshAddress, keep, pair } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const never = () => new Promise<never>(() => {});
const patiently = { drainMs: 600_000, timeoutMs: 600_000 };

describe("a close whose signal aborts", () => {
  test("of a client: calls under way are given up, and nothing else was lost", async () => {
    const { client } = await pair({ server: { handlers: { never } } });
    const call = client.call("never", 1, { timeoutMs: 0 }).catch((error: unknown) => error);
    await client.flush();
    const impatience = new AbortController();
    const closing = client.close({ ...patiently, signal: impatience.signal });
    impatience.abort();
    await within("it is closed", closing);
    expect(await call).toEqual(coded("ERR_CLOSED", { ran: "maybe" }));
    expect(client.state).toBe("closed");
  });

  test("of a server, the same for all of its peers", async () => {
    const { client, server } = await pair({
      server: { handlers: { never } },
      client: { retry: false },
    });
    client.call("never", 1, { timeoutMs: 0 }).catch(() => {});
    await client.flush();
    const impatience = new AbortController();
    const closing = server.close({ ...patiently, signal: impatience.signal });
    impatience.abort();
    await within("it is closed", closing);
    await client.closed;
  });

  test("says what was lost, when the other end is not heard any more", async () => {
    const registry = new MemoryRegistry();
    const address = freshAddress("memory");
    const server = keep(await serve(address, { transports: [memory({ registry })] }));
    const line = faulty(memory({ registry }));
    const client = keep(await connect(address, { transports: [line], retry: false }));
    line.faults.stall();
    client.send("unheard", 1);
    const impatience = new AbortController();
    const closing = client.close({ ...patiently, signal: impatience.signal });
    impatience.abort();
    await expect(closing).rejects.toEqual(coded("ERR_UNDELIVERED"));
    expect(server.peers.size).toBe(1);
  });

  test("before it begins: nothing is waited for", async () => {
    const { client } = await pair({ server: { handlers: { never } } });
    client.call("never", 1, { timeoutMs: 0 }).catch(() => {});
    await client.flush();
    await within("it is closed", client.close({ ...patiently, signal: AbortSignal.abort() }));
  });

  test("over node-ipc's wire, to a server that does not read", async () => {
    const registry = new MemoryRegistry();
    const address = freshAddress("memory");
    const transports = [memory({ registry })];
    keep(await serve(address, { transports, accept: ["node-ipc"] }));
    const line = faulty(memory({ registry }));
    const options = { transports: [line], retry: false as const, dialect: "node-ipc" as const };
    const client = keep(await connect(address, options));
    line.faults.stall();
    client.send("unheard", "x".repeat(100_000));
    const impatience = new AbortController();
    const closing = client.close({ ...patiently, signal: impatience.signal });
    impatience.abort();
    await expect(within("it is closed", closing)).rejects.toEqual(coded("ERR_UNDELIVERED"));
  });

  test("leaves nothing behind at the signal", async () => {
    const { client } = await pair();
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1;
      removeEventListener.apply(signal, args);
    };
    await client.close({ signal });
    expect(listeners).toBe(0);
  });

  test("what is no signal is refused, and closes nothing", async () => {
    const { client, server } = await pair();
    const signal = {} as AbortSignal;
    await expect(client.close({ signal })).rejects.toEqual(coded("ERR_CONFIG"));
    await expect(server.close({ signal })).rejects.toEqual(coded("ERR_CONFIG"));
    expect(client.state).toBe("open");
  });
});

test("a second close over node-ipc's wire waits no longer than it says", async () => {
  const registry = new MemoryRegistry();
  const address = freshAddress("memory");
  keep(await serve(address, { transports: [memory({ registry })], accept: ["node-ipc"] }));
  const line = faulty(memory({ registry }));
  const options = { transports: [line], retry: false as const, dialect: "node-ipc" as const };
  const client = keep(await connect(address, options));
  line.faults.stall();
  client.send("unheard", "x".repeat(100_000));
  const first = client.close(patiently).catch((error: unknown) => error);
  await client.close({ timeoutMs: 1 }).catch(() => {});
  expect(await within("the first is over, too", first)).toEqual(coded("ERR_UNDELIVERED"));
});
