// What the processes say to each other, and how each of them checks what it hears.

export const ROUND_TRIPS = 600;
/** The first round trips meet cold code; they are checked but not measured. */
export const WARM_UP = 300;
export const MESSAGES = 1_000;
export const BROADCASTS = 500;

/**
 * How many messages may be on their way. A stream takes them all at once and sorts out the rest;
 * UDP drops what does not fit into the receiver's buffer, so a datagram waits for its turn.
 */
export const windowOf = (transport, count) => (transport === "udp" ? 20 : count);

const texts = [
  "plain",
  "déjà vu",
  "日本語",
  "🧠🔌",
  "\u{1F468}\u200D\u{1F469}\u200D\u{1F467}",
  "\f\n\t\0",
  '"quoted" \\ {"type":"forged"}',
  "",
];

/** Message number n. Both sides can make it, so that each can tell whether it arrived unchanged. */
export function message(n, transport) {
  const long = n % 50 === 0 ? "x".repeat(transport === "udp" ? 1_000 : 20_000) : "";
  return {
    n,
    text: texts[n % texts.length],
    values: [true, false, null, 0, -1.5, 2 ** 53 - 1],
    nested: { odd: n % 2 === 1, long },
  };
}

/** Counts and checks what arrives. The first thing that is wrong goes to `onProblem`, at once. */
export class Tally {
  #transport;
  #count;
  #seen = new Set();
  #next = 0;
  #problem;
  #onProblem;

  constructor(count, transport, onProblem) {
    this.#count = count;
    this.#transport = transport;
    this.#onProblem = onProblem;
  }

  take(data) {
    if (this.#problem !== undefined) return;
    const n = data?.n;
    this.#problem = this.#check(n, data);
    if (this.#problem !== undefined) return this.#onProblem(new Error(this.#problem));
    this.#seen.add(n);
    this.#next = n + 1;
  }

  get received() {
    return this.#seen.size;
  }

  get complete() {
    return this.#seen.size === this.#count;
  }

  /** What is wrong so far, a missing message included. */
  get problem() {
    if (this.#problem !== undefined || this.complete) return this.#problem;
    return `${this.received} of ${this.#count} messages arrived`;
  }

  #check(n, data) {
    if (!Number.isInteger(n) || n < 0 || n >= this.#count) return "a message nobody sent arrived";
    if (this.#seen.has(n)) return `message ${n} arrived twice`;
    if (n !== this.#next && this.#transport !== "udp") {
      return `message ${n} arrived in the place of ${this.#next}`;
    }
    if (JSON.stringify(data) !== JSON.stringify(message(n, this.#transport))) {
      return `message ${n} arrived changed`;
    }
    return undefined;
  }
}

/** Sends `count` messages, never more than `size` ahead of what the other side has seen. */
export function sender(count, size, transport, send) {
  let sent = 0;
  return function sendUpTo(seen) {
    const end = Math.min(count, seen + size);
    while (sent < end) send(message(sent++, transport));
  };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
