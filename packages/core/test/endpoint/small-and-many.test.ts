// Events that are small and so many that what is remembered of each is more than its bytes.
import { connect, MemoryRegistry, memory, serve } from "myelin";
import { faulty } from "myelin/testing";
import { expect, test } from "vitest";
import { turns, until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

/** A client with little memory, whose line stands still when it is there. */
async function stalled(
  slowPeer: "wait" | "drop-oldest" | "drop-newest",
  resume: false | { windowMs: number } = { windowMs: 60_000 },
) {
  const registry = new MemoryRegistry();
  const address = freshAddress("memory");
  const heard: unknown[] = [];
  const events = { tick: (data: unknown) => void heard.push(data) };
  const server = keep(await serve(address, { transports: [memory({ registry })], events }));
  let sessions = 0;
  server.onPeer(() => void sessions++);
  server.onNotice(() => {});
  const line = faulty(memory({ registry }));
  const client = keep(
    await connect(address, {
      limits: { maxBufferedBytes: 1024 * 1024 },
      resume,
      retry: { minMs: 1, maxMs: 5 },
      slowPeer,
      transports: [line],
    }),
  );
  client.onNotice(() => {});
  await client.flush();
  line.faults.stall();
  return { client, heard, line, sessions: () => sessions };
}

test("all that waited goes over in one session, though it takes more memory while it waits for one", async () => {
  const { client, heard, line, sessions } = await stalled("wait", false);
  let sent = 0;
  for (let isFull = false; !isFull; ) {
    try {
      client.send("tick", sent);
      sent += 1;
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_QUEUE_FULL" });
      isFull = true;
    }
  }
  line.faults.cutAll();
  line.faults.heal();
  await until("it is back", () => sessions() > 1);
  await within("all of it is there", client.flush());
  expect(sessions()).toBe(2);
  // Those that were on the way may be lost: it does not resume.
  expect(heard).toEqual(Array.from({ length: heard.length }, (_, n) => sent - heard.length + n));
  expect(heard.length).toBeGreaterThan(sent / 2);
});

test("send says so before anything is refused, and post waits until they are acknowledged", async () => {
  const { client, heard, line, sessions } = await stalled("wait", { windowMs: 60_000 });
  let sent = 0;
  do {
    sent += 1;
    await turns(1);
  } while (client.send("tick", sent));
  const posted = client.post("tick", "posted");
  line.faults.heal();
  await within("there is room", posted);
  await within("all of it is there", client.flush());
  expect(heard).toHaveLength(sent + 1);
  expect(sessions()).toBe(1);
});

test.each(["drop-oldest", "drop-newest"] as const)(
  "%s drops them, though each has left in a frame of its own, and the session stands",
  async (slowPeer) => {
    const { client, heard, line, sessions } = await stalled(slowPeer);
    const sent = 5_000;
    for (let n = 0; n < sent; n++) {
      client.send("tick", n);
      await turns(1);
    }
    expect(client.stats().dropped).toBeGreaterThan(0);
    line.faults.heal();
    await within("all that is left is there", client.flush());
    expect(heard.length + client.stats().dropped).toBe(sent);
    expect(sessions()).toBe(1);
  },
);
