/** Brings events to their listeners, and contains what these throw. */
import type { MyelinError } from "../../errors.ts";
import { promiseOf } from "../../promise-of.ts";
import type { Handler, Handlers } from "../handlers.ts";
import { MessageContext, type MessageExtras } from "../message-context.ts";
import { isReceivingTapped, tellReceived } from "../taps.ts";

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
  /**
   * The context of the last event, for the next one too: most have the name of the one before. Undefined
   * after one that is of its event alone.
   */
  #context: MessageContext<Peer> | undefined;
  /** Those of events whose listeners are not done. */
  readonly #running = new Set<MessageContext<Peer>>();

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
    if (extras !== undefined || context?.name !== name) {
      context = new MessageContext<Peer>(this.#peer, name, "event", extras);
      this.#context = context;
    }
    let unsettled: Unsettled | undefined;
    for (const listener of listeners) {
      const result = this.#run(listener, data, context);
      if (result === undefined) continue;
      unsettled ??= new Unsettled(receipt, context, this.#running);
      unsettled.add(result, (reason) => this.#outcome.tellHandlerError(name, reason));
    }
    if (extras !== undefined || unsettled !== undefined || context.hasSignal) {
      this.#context = undefined;
    }
    if (unsettled === undefined) receipt?.settle();
    else unsettled.done();
  }

  /** The session is over: listeners that are not done hear it by their signals. */
  abort(reason: MyelinError): void {
    const running = [...this.#running];
    this.#running.clear();
    for (const context of running) context.abort(reason);
    // One that is at work right now may go on after this, and need not have given a promise yet.
    this.#context?.abort(reason);
    this.#context = undefined;
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
  readonly #context: object;
  readonly #running: Set<object>;
  #open = 1;

  constructor(receipt: Settled | undefined, context: object, running: Set<object>) {
    this.#receipt = receipt;
    this.#context = context;
    this.#running = running;
    running.add(context);
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
    if (this.#open > 0) return;
    this.#running.delete(this.#context);
    this.#receipt?.settle();
  }
}
