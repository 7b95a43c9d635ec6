// What a peer that takes nothing costs: as much memory as was agreed on, however small its messages.
import { expect, test } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { pair } from "./pairing.ts";

test("tiny events that wait count for what they cost", async () => {
  const maxQueuedBytes = 1024 * 1024;
  const { server, client } = await pair({ client: { limits: { maxQueuedBytes } } });
  let settle!: () => void;
  const settled = new Promise<void>((resolve) => (settle = resolve));
  let heard = 0;
  server.on("tiny", () => {
    heard += 1;
    return settled;
  });
  let accepted = 0;
  const refused = (): unknown => {
    for (;;) {
      try {
        client.send("tiny", 1);
        accepted += 1;
      } catch (reason) {
        return reason;
      }
    }
  };
  expect(refused()).toMatchObject({ code: "ERR_QUEUE_FULL" });
  // Beside those in the window, each is worth 64 bytes and more.
  expect(accepted).toBeLessThan(1_024 + maxQueuedBytes / 64);
  settle();
  await client.flush();
  await until("all were heard", () => heard === accepted);
});
