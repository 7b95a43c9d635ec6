// A client that is there before its server, and what ends its waiting.
import { connect, serve } from "myelin";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { freshAddress, keep } from "./pairing.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const lazy = { lazy: true, retry: { minMs: 1 } } as const;

// The first in this file: of each kind one is warned of in a process.
test("what was sent to a server that never came is warned of by its address", async () => {
  const warnings: Error[] = [];
  const listener = (warning: Error): void => void warnings.push(warning);
  process.on("warning", listener);
  const client = keep(await connect(freshAddress(), { ...lazy, timeoutMs: 20 }));
  client.send("news");
  await within("it is closed", client.closed);
  await until("it is warned of", () => warnings.length > 0);
  process.off("warning", listener);
  expect(warnings).toMatchObject([
    { name: "MyelinWarning", message: `gap: 1 events (${client.address})` },
  ]);
});

describe.each(["unix", "memory"])("over %s", (kind) => {
  test("an abort before the first welcome closes it", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const client = keep(await connect(freshAddress(kind), { ...lazy, signal }));
    const call = client.call("x");
    controller.abort();
    await expect(call).rejects.toEqual(coded("ERR_ABORTED", { ran: "no" }));
    const { by, error } = await within("it is closed", client.closed);
    expect([by, error]).toEqual(["failure", coded("ERR_ABORTED")]);
  });

  test("so does a time limit", async () => {
    const client = keep(await connect(freshAddress(kind), { ...lazy, timeoutMs: 20 }));
    const { error } = await within("it is closed", client.closed);
    expect(error).toEqual(coded("ERR_TIMEOUT"));
  });

  test("behind the first welcome an abort does nothing", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const server = keep(await serve(freshAddress(kind), { handlers: { x: () => 1 } }));
    const client = keep(await connect(server.address, { ...lazy, signal }));
    await client.call("x");
    controller.abort();
    expect(await client.call("x")).toBe(1);
  });
});
