// close() of a client that has no session: what waits for one is sent in the next, if there is one in time.
import { connect, MemoryRegistry, memory, type RetryOptions, serve } from "myelin";
import { faulty } from "myelin/testing";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

/** A server that may be there, or come, and a client that has not been there. */
async function apart(
  shared: { resume?: { windowMs: number } } = {},
  retry: RetryOptions = { minMs: 1, maxMs: 5 },
) {
  const registry = new MemoryRegistry();
  const address = freshAddress("memory");
  const heard: unknown[] = [];
  const options = {
    ...shared,
    transports: [memory({ registry })],
    events: { news: (data: unknown) => void heard.push(data) },
    handlers: { double: (n: unknown) => 2 * (n as number) },
  };
  const begin = async () => keep(await serve(address, options));
  const line = faulty(memory({ registry }));
  const client = await connect(address, { ...shared, lazy: true, retry, transports: [line] });
  return { begin, client, heard, line };
}

describe("closing a client that has no session", () => {
  test("sends what waits, to a server that is there", async () => {
    const { begin, client, heard } = await apart();
    await begin();
    client.send("news", 1);
    const call = client.call("double", 21);
    await within("it is closed", client.close());
    expect(heard).toEqual([1]);
    expect(await call).toBe(42);
    expect((await client.closed).undelivered.unsent).toEqual({ events: 0, calls: 0 });
  });

  test("and to one that comes meanwhile", async () => {
    const { begin, client, heard } = await apart();
    client.send("news", 1);
    const closing = client.close({ timeoutMs: 60_000 });
    expect(() => client.send("news", 2)).toThrow(coded("ERR_CLOSED"));
    await begin();
    await within("it is closed", closing);
    expect(heard).toEqual([1]);
  });

  test("takes nothing more in the session that comes", async () => {
    const { begin, client, heard } = await apart();
    client.send("news", 1);
    const outcomes: unknown[] = [];
    client.onState((state) => {
      if (state !== "open") return;
      expect(() => client.send("news", 2)).toThrow(coded("ERR_CLOSED"));
      outcomes.push(client.call("double", 1).catch((error: unknown) => error));
    });
    const closing = client.close({ timeoutMs: 60_000 });
    await begin();
    await within("it is closed", closing);
    expect(heard).toEqual([1]);
    expect(await Promise.all(outcomes)).toEqual([coded("ERR_CLOSED", { ran: "no" })]);
  });

  test("gives up when its time is over, and says what was not sent", async () => {
    const { client } = await apart();
    client.send("news", 1);
    const call = client.call("double", 21).catch((error: unknown) => error);
    await expect(client.close({ drainMs: 0, timeoutMs: 5 })).rejects.toEqual(
      coded("ERR_UNDELIVERED", {
        cause: coded("ERR_TIMEOUT", { cause: coded("ERR_CONNECTION_REFUSED") }),
      }),
    );
    const { by, error, undelivered } = await client.closed;
    expect({ by, error }).toEqual({ by: "failure", error: coded("ERR_TIMEOUT") });
    expect(undelivered.unsent).toEqual({ events: 1, calls: 1 });
    expect(await call).toEqual(coded("ERR_CLOSED", { ran: "no" }));
  });

  test("whatever the last server said when it left", async () => {
    const { begin, client } = await apart();
    const server = await begin();
    await client.call("double", 1);
    await server.close();
    await until("it has left", () => client.state === "connecting");
    client.send("news", 1);
    await client.close({ drainMs: 0, timeoutMs: 5 }).catch(() => {});
    const { by, error } = await client.closed;
    expect({ by, error }).toEqual({ by: "failure", error: coded("ERR_TIMEOUT") });
  });

  test.each([true, false])("or has tried often enough, being closed: %s", async (isClosing) => {
    const { begin, client } = await apart({}, { minMs: 1, maxMs: 1, maxAttempts: 2 });
    const server = await begin();
    await client.call("double", 1);
    await server.close();
    await until("it has left", () => client.state === "connecting");
    client.send("news", 1);
    if (isClosing) client.close({ timeoutMs: 600_000 }).catch(() => {});
    const { by, error } = await within("it is over", client.closed);
    expect({ by, error }).toEqual({ by: "failure", error: coded("ERR_CONNECTION_REFUSED") });
  });

  test("is closed when nothing waits any more", async () => {
    const { client } = await apart();
    const giveUp = new AbortController();
    const call = client.call("double", 1, { signal: giveUp.signal }).catch(() => {});
    const closing = client.close({ timeoutMs: 600_000 });
    giveUp.abort();
    await within("it is closed", closing);
    await call;
    const { by, error } = await client.closed;
    expect({ by, error }).toEqual({ by: "here", error: undefined });
  });

  test("or when somebody has less patience", async () => {
    const { client } = await apart();
    client.send("news", 1);
    const patience = { drainMs: 0, timeoutMs: 600_000 };
    const closing = client.close(patience).catch((error: unknown) => error);
    await client.close({ drainMs: 0, timeoutMs: 1 }).catch(() => {});
    expect(await within("the first is over, too", closing)).toEqual(coded("ERR_UNDELIVERED"));
    const { client: another } = await apart();
    another.send("news", 1);
    const impatience = new AbortController();
    const aborted = another.close({ ...patience, signal: impatience.signal });
    impatience.abort();
    await expect(within("it is over", aborted)).rejects.toEqual(coded("ERR_UNDELIVERED"));
  });

  test("ends at once when nothing waits", async () => {
    const { client } = await apart();
    await within("it is closed", client.close({ drainMs: 600_000, timeoutMs: 600_000 }));
  });

  // Also by who is told that there is none any more, where that is told.
  test.each([false, true])("sends what was accepted behind a break (%s)", async (isWithin) => {
    const { begin, client, heard, line } = await apart();
    await begin();
    client.send("news", 1);
    await client.flush();
    line.faults.refuse();
    line.faults.cutAll();
    const close = () => {
      client.send("news", 2);
      return client.close({ timeoutMs: 60_000 });
    };
    let closing: Promise<void> | undefined;
    await within(
      "it notices",
      new Promise<void>((resolve) => {
        client.onState((state) => {
          if (state !== "connecting") return;
          if (isWithin) closing = close();
          resolve();
        });
      }),
    );
    closing ??= close();
    line.faults.heal();
    await within("it is closed", closing);
    expect(heard).toEqual([1, 2]);
  });

  test("sends it to a server that was started anew and has no session of that name", async () => {
    const { begin, client, heard, line } = await apart({ resume: { windowMs: 60_000 } });
    const first = await begin();
    client.send("news", 1);
    await client.flush();
    line.faults.refuse();
    line.faults.cutAll();
    await until("it is away", () => client.state === "detached");
    await first.close({ drainMs: 0, timeoutMs: 0 }).catch(() => {});
    client.send("news", 2);
    const closing = client.close({ timeoutMs: 60_000 });
    await begin();
    line.faults.heal();
    await within("it is closed", closing);
    expect(heard).toEqual([1, 2]);
  });
});
