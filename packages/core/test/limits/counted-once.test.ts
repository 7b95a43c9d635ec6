// Large bodies are not copied: what the connection has of one is memory that was counted with the body.
import { expect, test } from "vitest";
import { MemoryBudget } from "../../src/session/memory-budget.ts";
import { blockedWire } from "../findings/blocked-wire.ts";
import { Side } from "../session/session-pair.ts";

const bodyBytes = 100_000;

test.each([false, true])(
  "resumable: %s; bodies that the connection has count once",
  (isResumable) => {
    const budget = new MemoryBudget(2 ** 30);
    const wire = blockedWire(0);
    const send = wire.send;
    wire.send = (data) => {
      wire.pendingBytes += data.length;
      return send(data);
    };
    const { session } = new Side(wire, "client", { session: { budget, isResumable } });
    session.release();
    for (let count = 1; count <= 12; count += 1) {
      session.event("event", Buffer.alloc(bodyBytes));
      session.event("event", "small");
      session.drained();
      expect(budget.measure()).toBeGreaterThanOrEqual(count * bodyBytes);
      expect(budget.measure()).toBeLessThan(count * (bodyBytes + 10_000));
    }
    expect(wire.pendingBytes).toBeGreaterThan(bodyBytes);
    session.abort();
    expect(budget.measure()).toBe(0);
  },
);
