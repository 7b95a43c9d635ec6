/** Brings events to their listeners, and contains what these throw. */
import type { Handler, Handlers } from "./handlers.ts";
import { MessageContext, type MessageExtras } from "./message-context.ts";
import { promiseOf } from "./promise-of.ts";
import { isReceivingTapped, tellReceived } from "./taps.ts";

export interface EventOutcome {
  /** Nobody listened to an event of this name. */
  tellUnhandled(name: string): void;
  /** A listener threw, or its promise was rejected. */
  tellHandlerError(name: string, reason: unknown): void;
}

/** What an event took of some window, until all of its listeners are done. */
export interface Settled {
  settle(): void;
}

export class EventDispatch<Peer> {
  readonly #peer: Peer;
  readonly #handlers: Handlers<MessageContext<Peer>>;
  readonly #outcome: EventOutcome;
  /** The context of the last event: most have the name of the one before. */
  #context: MessageContext<Peer> | undefined;

  constructor(peer: Peer, handlers: Handlers<MessageContext<Peer>>, outcome: EventOutcome) {
    this.#peer = peer;
    this.#handlers = handlers;
    this.#outcome = outcome;
  }

  /** The receipt is settled when all listeners are done. */
  dispatch(
    name: string,
    data: unknown,
    receipt: Settled | undefined,
    extras?: MessageExtras,
  ): void {
    if (isReceivingTapped()) tellReceived(this.#peer, "event", name, data);
    const listeners = this.#handlers.listeners(name);
    if (listeners.length === 0) {
      this.#outcome.tellUnhandled(name);
      receipt?.settle();
      return;
    }
    let context = this.#context;
    if (extras !== undefined) {
      context = new MessageContext<Peer>(this.#peer, name, "event", extras);
    } else if (context?.name !== name) {
      context = new MessageContext<Peer>(this.#peer, name);
      this.#context = context;
    }
    let unsettled: Unsettled | undefined;
    for (const listener of listeners) {
      const result = this.#run(listener, data, context);
      if (result === undefined) continue;
      unsettled ??= new Unsettled(receipt);
      unsettled.add(result, (reason) => this.#outcome.tellHandlerError(name, reason));
    }
    if (unsettled === undefined) receipt?.settle();
    else unsettled.done();
  }

  /** @returns the promise of a listener that is not done yet. */
  #run(
    listener: Handler<MessageContext<Peer>>,
    data: unknown,
    context: MessageContext<Peer>,
  ): Promise<unknown> | undefined {
    try {
      return promiseOf(listener(data, context));
    } catch (reason) {
      this.#outcome.tellHandlerError(context.name, reason);
      return undefined;
    }
  }
}

/** Listeners of one event that are not done, and the dispatch itself as long as it goes on. */
class Unsettled {
  readonly #receipt: Settled | undefined;
  #open = 1;

  constructor(receipt: Settled | undefined) {
    this.#receipt = receipt;
  }

  add(result: Promise<unknown>, onError: (reason: unknown) => void): void {
    this.#open += 1;
    result.then(
      () => this.done(),
      (reason: unknown) => {
        onError(reason);
        this.done();
      },
    );
  }

  done(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#receipt?.settle();
  }
}
