/** What a run writes down, as it happens: who accepted, heard, ran and was told what. */
import { writeSync } from "node:fs";

/** Numbers of messages, as notices and ends have them. */
export interface Count {
  readonly events: number;
  readonly calls: number;
}

/** One thing that happened at one end. */
export type Entry =
  /** An event was accepted: the n-th to this peer. A client's peer is always the same: "". */
  | { readonly at: "sent"; readonly to: string; readonly n: number }
  /** The n-th event of `from` was handed to a listener, in this session. */
  | { readonly at: "heard"; readonly from: string; readonly session: string; readonly n: number }
  /** A client has got a new session. */
  | { readonly at: "session"; readonly session: string }
  /** A client was told of a gap behind this session. */
  | ({ readonly at: "gap"; readonly session: string; readonly mayHaveArrived: boolean } & Count)
  /** A session is over for good, and this was not acknowledged. */
  | {
      readonly at: "closed";
      readonly session: string;
      readonly unsent: Count;
      readonly unacknowledged: Count;
    }
  /** A call or stream was made. */
  | { readonly at: "called"; readonly id: string }
  /** Its handler has started. */
  | { readonly at: "ran"; readonly id: string }
  /** It has ended for its caller: with "ok", or with a code. */
  | {
      readonly at: "settled";
      readonly id: string;
      readonly outcome: string;
      readonly ran: string | undefined;
    }
  /** Something that must never happen was seen on the spot. */
  | { readonly at: "fault"; readonly what: string };

/** One life of one end: a process until it is killed, or a client or server until it is closed. */
export class Book {
  readonly life: string;
  readonly side: "client" | "server";
  readonly entries: Entry[] = [];
  readonly #file: number | undefined;
  /** It was ended from outside, and could not tell its last. */
  wasKilled = false;

  /** @param file a descriptor: each entry is in it before anything else happens */
  constructor(side: "client" | "server", life: string, file?: number) {
    this.side = side;
    this.life = life;
    this.#file = file;
  }

  write(entry: Entry): void {
    if (this.#file === undefined) this.entries.push(entry);
    else writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  fault(what: string): void {
    this.write({ at: "fault", what });
  }

  /** Takes in what a process wrote; of its last line only a part may be there. */
  read(text: string): void {
    const lines = text.split("\n");
    if (lines.at(-1) !== "" && !this.wasKilled) throw new Error(`${this.life}: a line is cut off`);
    for (const line of lines.slice(0, -1)) this.entries.push(JSON.parse(line));
  }

  /** Its entries of one kind, in their order. */
  all<At extends Entry["at"]>(at: At): Extract<Entry, { at: At }>[] {
    return this.entries.filter((entry) => entry.at === at) as Extract<Entry, { at: At }>[];
  }
}
