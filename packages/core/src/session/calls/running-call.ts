/** A call that the peer has opened, from its arrival until its handler has settled. */
import { MyelinError } from "../../errors.ts";
import type { CallHandler } from "../handlers.ts";
import type { MessageContext } from "../message-context.ts";
import type { Receipt } from "../receiving/receive-window.ts";
import type { ItemReceiver } from "../streams/item-receiver.ts";
import type { ItemSender } from "../streams/item-sender.ts";
import type { Deadline } from "./deadlines.ts";

export class RunningCall<Peer> implements Deadline {
  readonly id: number;
  readonly handler: CallHandler<MessageContext<Peer>>;
  readonly context: MessageContext<Peer>;
  /** What the caller sends, for uploads and duplexes. */
  input: ItemReceiver | undefined;
  /** Why an item of that was refused. */
  refused: unknown;
  /** What the handler yields, for streams and duplexes. */
  output: ItemSender | undefined;
  dueAt = 0;
  previous: Deadline | undefined;
  next: Deadline | undefined;
  list: Deadline["list"];
  readonly #receipt: Receipt | undefined;
  #cancelled = false;

  constructor(
    id: number,
    handler: CallHandler<MessageContext<Peer>>,
    context: MessageContext<Peer>,
    receipt: Receipt | undefined,
  ) {
    this.id = id;
    this.handler = handler;
    this.context = context;
    this.#receipt = receipt;
  }

  /** Nobody waits for the answer: none is sent. */
  get isCancelled(): boolean {
    return this.#cancelled;
  }

  expire(): void {
    this.cancel(new MyelinError("ERR_TIMEOUT", "the caller's time is over"));
  }

  cancel(reason: MyelinError): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.context.abort(reason);
    this.output?.stop();
    this.input?.breakOff(reason);
  }

  /** The handler is done: the peer may open another call in its place. */
  settle(): void {
    this.#receipt?.settle();
  }
}
