// What a process of the demo notices about the messages that it hears.
import { expect, test } from "vitest";
import { message, sender, Tally } from "../../demo/conversation.mjs";

const numbers = [0, 1, 2, 3];

function problemsWith(heard: readonly unknown[], transport = "unix"): readonly string[] {
  const problems: string[] = [];
  const tally = new Tally(numbers.length, transport, ({ message }: Error) =>
    problems.push(message),
  );
  for (const data of heard) tally.take(data);
  return problems;
}

const all = (transport = "unix") => numbers.map((n) => message(n, transport));

test("nothing about messages as they were sent", () => {
  expect(problemsWith(all())).toEqual([]);
});

test("that order is not promised over UDP only", () => {
  expect(problemsWith(all("udp").reverse(), "udp")).toEqual([]);
  expect(problemsWith(all().reverse())).toEqual(["message 3 arrived in the place of 0"]);
});

test("a second arrival, over UDP too", () => {
  const twice = [...all("udp"), message(1, "udp")];
  expect(problemsWith(twice, "udp")).toEqual(["message 1 arrived twice"]);
});

test.each([
  ["a text", { ...message(0, "unix"), text: "other" }],
  ["a value that became another", { ...message(0, "unix"), values: [] }],
  ["something more", { ...message(0, "unix"), more: true }],
])("%s", (_, changed) => {
  expect(problemsWith([changed])).toEqual(["message 0 arrived changed"]);
});

test.each([
  ["nothing", undefined],
  ["a number out of range", { n: 4 }],
  ["half a number", { n: 0.5 }],
])("%s", (_, stranger) => {
  expect(problemsWith([stranger])).toEqual(["a message nobody sent arrived"]);
});

test("what is missing", () => {
  const tally = new Tally(numbers.length, "unix", () => {});
  tally.take(message(0, "unix"));
  expect(tally.problem).toBe("1 of 4 messages arrived");
});

test("a sender stays as far ahead as it may", () => {
  const sent: number[] = [];
  const sendUpTo = sender(5, 2, "udp", ({ n }: { n: number }) => sent.push(n));
  sendUpTo(0);
  expect(sent).toEqual([0, 1]);
  sendUpTo(2);
  expect(sent).toEqual([0, 1, 2, 3]);
  sendUpTo(4);
  expect(sent).toEqual([0, 1, 2, 3, 4]);
});
