// The budget by itself: who is counted, who is ended, and what is counted once.
import { expect, test } from "vitest";
import { turns } from "../../../../test/support/within.ts";
import type { Account, Holder } from "../../src/session/account.ts";
import { MemoryBudget } from "../../src/session/memory-budget.ts";

/** Somebody who holds what it is told to. */
class Hoarder implements Holder {
  readonly account: Account;
  largestBytes = 0;
  isTaking = true;
  ownBytes = 0;
  acceptedBytes = 0;
  handedBytes = 0;
  evictions = 0;
  eases = 0;

  constructor(budget: MemoryBudget) {
    this.account = budget.open(this);
  }

  /** What has arrived. */
  hold(bytes: number, handedBytes = 0): void {
    this.ownBytes = bytes;
    this.handedBytes = handedBytes;
    this.refresh();
  }

  /** What was accepted for it, beside that. */
  accept(bytes: number): void {
    this.acceptedBytes += bytes;
    this.hold(this.ownBytes + bytes);
  }

  get unsettledBytes(): number {
    return this.ownBytes - this.acceptedBytes + this.handedBytes;
  }

  get faultBytes(): number {
    return this.isTaking ? this.ownBytes - this.acceptedBytes : this.ownBytes;
  }

  refresh(): void {
    this.account.tell(this.ownBytes, this.acceptedBytes, 0, this.handedBytes);
  }

  evict(): void {
    this.evictions += 1;
    this.ownBytes = 0;
    this.account.close();
  }

  eased(): void {
    this.eases += 1;
  }
}

const hoarders = (budget: MemoryBudget, count: number) =>
  Array.from({ length: count }, () => new Hoarder(budget)) as [Hoarder, ...Hoarder[]];

test("when it is spent whoever holds most is ended, and the next, until it is not", () => {
  const budget = new MemoryBudget(1_000);
  const [first, ...others] = hoarders(budget, 4);
  others.forEach((each, index) => {
    each.hold(100 * (index + 1));
  });
  expect(others.map(({ evictions }) => evictions)).toEqual([0, 0, 0]);
  first.hold(401);
  expect(first.evictions).toBe(1);
  expect(budget.measure()).toBe(600);
  others[0]?.hold(600);
  expect(others.map(({ evictions }) => evictions)).toEqual([1, 0, 0]);
  expect(budget.measure()).toBe(500);
});

test("who let go of something without a word is not counted for it", () => {
  const budget = new MemoryBudget(1_000);
  const [first, ...others] = hoarders(budget, 4);
  for (const each of others) each.hold(200, 100);
  for (const each of others) each.ownBytes = each.handedBytes = 0;
  first.hold(500);
  expect(budget.isTight).toBe(false);
  first.hold(990);
  expect([first, ...others].map(({ evictions }) => evictions)).toEqual([0, 0, 0, 0]);
  expect(budget.measure()).toBe(990);
});

test("one message may overdraw it, two may not", () => {
  const budget = new MemoryBudget(1_000);
  const [one, other] = hoarders(budget, 2) as [Hoarder, Hoarder];
  other.hold(500);
  one.largestBytes = 5_000;
  for (let bytes = 0; bytes <= 5_000; bytes += 100) one.hold(bytes);
  expect(one.evictions).toBe(0);
  one.largestBytes = 2_600;
  one.hold(5_200);
  expect(one.evictions).toBe(1);
  expect(other.evictions).toBe(0);
});

test("from three quarters on whoever has more than its share gets no more, until there is more", () => {
  const budget = new MemoryBudget(1_000);
  const [greedy, modest] = hoarders(budget, 2) as [Hoarder, Hoarder];
  modest.hold(100);
  greedy.hold(650);
  expect(greedy.account.isOverShare).toBe(false);
  greedy.hold(651);
  expect([greedy, modest].map(({ account }) => account.isOverShare)).toEqual([true, false]);
  greedy.account.awaitEase();
  greedy.hold(660);
  expect(greedy.eases).toBe(0);
  // Somebody else gave up what it held.
  modest.hold(0);
  expect(greedy.eases).toBe(1);
});

test("nor is anybody held back for what was accepted for it, or longer than that is there", () => {
  const budget = new MemoryBudget(1_000);
  const [one, other] = hoarders(budget, 2) as [Hoarder, Hoarder];
  other.accept(451);
  one.accept(300);
  expect(one.account.isOverShare).toBe(false);
  other.accept(-351);
  one.hold(700, 1);
  expect(one.account.isOverShare).toBe(true);
  one.account.awaitEase();
  one.account.ease();
  expect(one.eases).toBe(0);
  one.ownBytes = 600;
  one.account.ease();
  expect(one.eases).toBe(1);
});

test.each([1, 2, 10, 1_000])(
  "what this end accepts takes three quarters at most, and each of %i queues has a part",
  (count) => {
    const budget = new MemoryBudget(1_000_000);
    const queues = hoarders(budget, count);
    const [first, ...others] = queues;
    const fill = (queue: Hoarder): void => {
      while (queue.ownBytes < queue.account.queueBytes) queue.accept(10);
    };
    fill(first);
    expect(first.ownBytes).toBe(500_000);
    for (const other of others) fill(other);
    for (const { ownBytes } of queues) expect(ownBytes).toBeGreaterThan(0);
    expect(budget.measure()).toBeLessThan(750_000 + 62_500 + 10 * count);
    // The first gives up what it has, and everybody may have as much.
    first.accept(-first.ownBytes);
    for (const queue of queues) fill(queue);
    expect(budget.measure()).toBeLessThan(750_000 + 62_500 + 10 * count);
    expect(first.account.answersBytes).toBeGreaterThanOrEqual(first.account.queueBytes);
  },
);

test("who takes what was accepted for it is not ended for what others send", () => {
  const budget = new MemoryBudget(1_000);
  const [reader, ...senders] = hoarders(budget, 4);
  reader.accept(500);
  for (const each of senders) each.hold(180);
  expect([reader, ...senders].map(({ evictions }) => evictions)).toEqual([0, 1, 0, 0]);
  // It has stopped to, and is looked at again.
  reader.isTaking = false;
  senders[1]?.hold(350);
  expect(reader.evictions).toBe(1);
  expect(budget.measure()).toBe(530);
});

test("what many have accepted may overdraw it by an eighth, if all of them take it", async () => {
  const budget = new MemoryBudget(1_000);
  const [first, ...others] = hoarders(budget, 3);
  first.accept(600);
  for (const each of others) each.accept(260);
  expect([first, ...others].map(({ evictions }) => evictions)).toEqual([0, 0, 0]);
  first.isTaking = false;
  budget.review();
  await turns(1);
  expect([first, ...others].map(({ evictions }) => evictions)).toEqual([1, 0, 0]);
  others[0]?.accept(700);
  expect([first, ...others].map(({ evictions }) => evictions)).toEqual([1, 1, 0]);
});

test("what handlers are at work on may be as much again, and holds back before", () => {
  const budget = new MemoryBudget(1_000);
  const [one, other] = hoarders(budget, 2) as [Hoarder, Hoarder];
  one.hold(0, 1_200);
  expect(one.account.isOverShare).toBe(true);
  other.hold(800);
  expect(one.evictions + other.evictions).toBe(0);
  other.hold(801);
  expect(one.evictions).toBe(1);
});

test("bodies that many are sent count once, for as long as anybody holds a part of them", () => {
  const budget = new MemoryBudget(1_000_000);
  const body = new Uint8Array(200_000);
  const holders = Array.from({ length: 100 }, () => budget.open().bodies);
  for (const bodies of holders) bodies.borrow(body);
  holders[0]?.borrow(body.subarray(0, 65_536));
  expect(budget.measure()).toBe(200_000);
  for (const bodies of holders) bodies.giveBack(body);
  expect(budget.measure()).toBe(200_000);
  holders[0]?.giveBack(body.subarray(0, 65_536));
  expect(budget.measure()).toBe(0);
});

test("what waits for nobody who could be ended ends nobody beyond its part", () => {
  const budget = new MemoryBudget(1_000);
  const queue = budget.open();
  const [peer] = hoarders(budget, 1);
  peer.hold(200);
  queue.tell(900, 900);
  expect(peer.evictions).toBe(0);
  expect(budget.measure()).toBe(1_100);
  peer.hold(300);
  expect(peer.evictions).toBe(1);
});

test("nobody is ended for the large message of another, once the one to blame is gone", () => {
  const budget = new MemoryBudget(1_000);
  const [stuck, large, ...small] = hoarders(budget, 22) as [Hoarder, Hoarder, ...Hoarder[]];
  stuck.accept(280);
  stuck.isTaking = false;
  for (const each of small) each.hold(0, 10);
  large.largestBytes = 1_400;
  large.accept(1_400);
  expect([stuck, large].map(({ evictions }) => evictions)).toEqual([0, 0]);
  large.largestBytes = 600;
  large.refresh();
  large.accept(100);
  expect([stuck.evictions, large.evictions]).toEqual([1, 0]);
  expect(small.filter(({ evictions }) => evictions > 0)).toEqual([]);
});

test("what handlers are at work on is nobody's fault where the rest is too much", () => {
  const budget = new MemoryBudget(1_000);
  const [greedy, ...busy] = hoarders(budget, 5);
  for (const each of busy) each.hold(0, 200);
  greedy.hold(1_001);
  expect([greedy, ...busy].map(({ evictions }) => evictions)).toEqual([1, 0, 0, 0, 0]);
});

test("where nobody is to blame the one is ended who holds most for itself", () => {
  const budget = new MemoryBudget(1_000_000);
  const [one, ...sharing] = hoarders(budget, 6);
  const body = new Uint8Array(400_000);
  for (const each of sharing) {
    each.account.bodies.borrow(body);
    each.refresh();
  }
  expect(budget.measure()).toBe(400_000);
  one.accept(800_000);
  expect([one, ...sharing].map(({ evictions }) => evictions)).toEqual([1, 0, 0, 0, 0, 0]);
});

test("many who are found out together are looked at once", async () => {
  const budget = new MemoryBudget(1_000);
  const [large, ...stuck] = hoarders(budget, 101);
  large.largestBytes = 2_000;
  for (const each of stuck) each.accept(1);
  large.accept(2_000);
  let looks = 0;
  const refresh = large.refresh.bind(large);
  large.refresh = () => {
    looks += 1;
    refresh();
  };
  for (const each of stuck) {
    each.isTaking = false;
    budget.review();
  }
  await turns(3);
  expect(looks).toBe(1);
  expect([large, ...stuck].filter(({ evictions }) => evictions > 0)).toEqual([]);
});
