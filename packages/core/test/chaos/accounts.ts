/**
 * The model of what is promised: takes the books of everybody who took part, and finds each message
 * delivered once and in order, or told as lost; and each call answered, or failed with the truth about
 * whether it ran.
 */
import type { Book, Count } from "./book.ts";

export interface Promises {
  /** Sessions outlive their connections, and nobody was killed: nothing may be lost, no call fail. */
  readonly isLossless: boolean;
}

/** What the books add up to, for people. */
export interface Totals {
  events: number;
  lost: number;
  calls: number;
  failed: number;
  sessions: number;
}

/** The events that one listener heard of one sender in one session: from the first to the last. */
interface Run {
  readonly first: number;
  readonly last: number;
}

const noRun: Run = { first: 0, last: -1 };
/** How calls fail when sessions end, and when too many wait for a server that is gone. */
const codesWhenLost = ["ERR_CONNECTION_LOST", "ERR_CLOSED", "ERR_DRAINING", "ERR_QUEUE_FULL"];

export class Accounts {
  /** What does not add up. Empty: all promises were kept. */
  readonly faults: string[] = [];
  readonly totals: Totals = { events: 0, lost: 0, calls: 0, failed: 0, sessions: 0 };
  readonly #books: readonly Book[];
  readonly #promises: Promises;
  /** Sessions that a client has entered. Others had a welcome that was lost on its way: nobody has them. */
  readonly #entered = new Set<string>();
  /** By sender and session. */
  readonly #runs = new Map<string, Run>();

  constructor(books: readonly Book[], promises: Promises) {
    this.#books = books;
    this.#promises = promises;
    for (const book of books) {
      for (const { what } of book.all("fault")) this.#fault(book, what);
      for (const { session } of book.all("session")) this.#entered.add(session);
      this.#readHeard(book);
    }
    for (const book of books) {
      if (book.side === "client") this.#checkUp(book);
      else this.#checkDown(book);
    }
    this.#checkCalls();
  }

  #fault(book: Book, what: string): void {
    this.faults.push(`${book.life}: ${what}`);
  }

  /** Whether nobody is at the other end of this session, or of that of this call. */
  #isOrphan(id: string): boolean {
    const [session = ""] = id.split("/");
    return !this.#entered.has(session) && !session.startsWith("client");
  }

  /** Whether this session, or that of this call, has lost nothing. */
  #isLossless(id: string): boolean {
    return this.#promises.isLossless && !this.#isOrphan(id);
  }

  #run(from: string, session: string): Run {
    return this.#runs.get(`${from} ${session}`) ?? noRun;
  }

  /** In one session each event comes behind the one before it: no other, and none twice. */
  #readHeard(book: Book): void {
    for (const { from, n, session } of book.all("heard")) {
      const key = `${from} ${session}`;
      const run = this.#runs.get(key);
      if (run !== undefined && n !== run.last + 1) {
        this.#fault(book, `heard ${n} of ${from} behind ${run.last} in session ${session}`);
      }
      this.#runs.set(key, { first: run?.first ?? n, last: n });
      this.totals.events += 1;
    }
  }

  /** A client's events: a run of numbers in each session, and between two runs just what it was told. */
  #checkUp(book: Book): void {
    const sent = book.all("sent").length;
    const sessions = book.all("session").map(({ session }) => session);
    this.totals.sessions += sessions.length;
    if (new Set(sessions).size < sessions.length) this.#fault(book, "a session came twice");
    let next = 1;
    let least = 0;
    let most = 0;
    let all = 0;
    const claim = (lost: number, where: string): void => {
      all += lost;
      if (lost < least || lost > most) {
        this.#fault(book, `${lost} events were lost ${where}, and ${least} to ${most} told`);
      }
      least = 0;
      most = 0;
    };
    for (const session of sessions) {
      const run = this.#run(book.life, session);
      const heard = run.last - run.first + 1;
      if (run !== noRun) {
        claim(run.first - next, `before session ${session}`);
        next = run.last + 1;
      }
      for (const gap of book.all("gap").filter((each) => each.session === session)) {
        // What may have arrived has, as far as the session was heard of.
        least += gap.mayHaveArrived ? Math.max(0, gap.events - heard) : gap.events;
        most += gap.events;
      }
    }
    if (book.wasKilled) return;
    const end = book.all("closed").at(-1);
    if (end === undefined) this.#fault(book, "was not closed");
    else {
      const run = this.#run(book.life, sessions.at(-1) ?? "");
      least += end.unsent.events;
      least += Math.max(0, end.unacknowledged.events - (run.last - run.first + 1));
      most += end.unsent.events + end.unacknowledged.events;
    }
    claim(sent - next + 1, "at the end");
    this.totals.lost += all;
    if (this.#promises.isLossless && all + book.all("gap").length > 0) {
      this.#fault(book, `lost ${all} events: ${JSON.stringify(book.all("gap"))}`);
    }
  }

  /** A server's events: each session of its own is heard from the first on. */
  #checkDown(book: Book): void {
    const sent = new Map<string, number>();
    for (const { to } of book.all("sent")) sent.set(to, (sent.get(to) ?? 0) + 1);
    const ends = new Map(book.all("closed").map((end) => [end.session, end]));
    for (const session of new Set([...sent.keys(), ...ends.keys()])) {
      const accepted = sent.get(session) ?? 0;
      const run = this.#run(session, session);
      const heard = run.last;
      if (run !== noRun && run.first !== 1) {
        this.#fault(book, `session ${session} was heard from ${run.first} on`);
      }
      const end = ends.get(session);
      if (book.wasKilled && end === undefined) {
        // The last may have left before it was written down.
        if (heard > accepted + 1) this.#fault(book, `${heard} events were heard of ${accepted}`);
        continue;
      }
      if (end === undefined) this.#fault(book, `session ${session} has no end`);
      else this.#checkEnd(book, session, accepted, Math.max(heard, 0), end);
    }
  }

  #checkEnd(
    book: Book,
    session: string,
    accepted: number,
    heard: number,
    { unacknowledged, unsent }: { unacknowledged: Count; unsent: Count },
  ): void {
    const lost = accepted - heard;
    this.totals.lost += lost;
    const most = unsent.events + unacknowledged.events;
    if (lost < unsent.events || lost > most) {
      this.#fault(
        book,
        `${lost} events of session ${session} were lost, and ${unsent.events} to ${most} told`,
      );
    }
    if (this.#isLossless(session) && most > 0) this.#fault(book, `told ${most} events as lost`);
  }

  #checkCalls(): void {
    const ran = new Map<string, number>();
    for (const book of this.#books) {
      for (const { id } of book.all("ran")) ran.set(id, (ran.get(id) ?? 0) + 1);
    }
    for (const book of this.#books) {
      const settled = new Map<string, number>();
      for (const { id, outcome, ran: claim } of book.all("settled")) {
        settled.set(id, (settled.get(id) ?? 0) + 1);
        const times = ran.get(id) ?? 0;
        if (outcome !== "ok") this.totals.failed += 1;
        const wrong = this.#wrongOutcome(id, outcome, claim, times);
        if (wrong !== undefined) this.#fault(book, `call ${id} ${wrong}`);
      }
      for (const { id } of book.all("called")) {
        this.totals.calls += 1;
        const times = settled.get(id) ?? 0;
        if (times > 1 || (times === 0 && !book.wasKilled)) {
          this.#fault(book, `call ${id} was settled ${times} times`);
        }
      }
    }
    for (const [id, times] of ran) if (times > 1) this.faults.push(`call ${id} ran ${times} times`);
  }

  #wrongOutcome(
    id: string,
    outcome: string,
    claim: string | undefined,
    times: number,
  ): string | undefined {
    if (outcome === "ok") return times === 1 ? undefined : `is answered, and ran ${times} times`;
    if (claim === "no" && times > 0) return `failed with ${outcome} as not run, and ran`;
    if (claim === "yes" && times === 0) return `failed with ${outcome} as run, and did not`;
    if (claim === undefined) return `failed with ${outcome}, which says not whether it ran`;
    // The caller's own wish.
    if (outcome === "ERR_ABORTED") return undefined;
    if (!this.#isLossless(id) && codesWhenLost.includes(outcome)) return undefined;
    // The server waits for its client as long as calls have until their deadlines.
    if (this.#isOrphan(id) && outcome === "ERR_TIMEOUT") return undefined;
    return `failed with ${outcome}`;
  }
}
