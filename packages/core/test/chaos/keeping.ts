/** Writes down what an end is told: its sessions, gaps and ends. */
import type { Client, Notice, Server } from "../../src/index.ts";
import type { Book } from "./book.ts";

/** Nobody is slow, unheard or refused in a run: there is nothing else to be told of than a gap. */
function unexpected(notice: Notice, book: Book): void {
  const { peer, ...rest } = notice;
  book.fault(`was told ${JSON.stringify(rest)} of ${peer.id}`);
}

export function keepClientBook(client: Client, book: Book): void {
  let session = "";
  client.onState((state) => {
    if (state !== "open" || client.id === session) return;
    session = client.id;
    book.write({ at: "session", session });
  });
  client.onNotice((notice) => {
    if (notice.kind === "gap") {
      const { calls, events, mayHaveArrived } = notice;
      book.write({ at: "gap", session, events, calls, mayHaveArrived });
    } else {
      unexpected(notice, book);
    }
  });
  void client.closed.then(({ undelivered }) => {
    book.write({ at: "closed", session, ...undelivered });
  });
}

export function keepServerBook(server: Server, book: Book): void {
  server.onNotice((notice) => unexpected(notice, book));
  server.onPeer(({ closed, id }) => {
    void closed.then(({ undelivered }) => {
      book.write({ at: "closed", session: id, ...undelivered });
    });
  });
}
