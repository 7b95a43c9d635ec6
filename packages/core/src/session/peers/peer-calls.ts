/** Opens calls and streams for users: what they gave, checked, and the process held meanwhile. */
import type { CallOptions, StreamOptions } from "../../peer/call-options.ts";
import type { CallOpening, CallRequest } from "../calls/call-opening.ts";
import { type AnsweredKind, type CallInput, callRequest } from "../calls/call-request.ts";
import type { Conversation } from "../conversation.ts";
import type { Endpoint } from "../endpoint.ts";
import { checkBytes } from "../messages/bytes-beside.ts";
import { checkName } from "../messages/name-table.ts";
import type { ItemSource } from "../streams/items.ts";
import { RemoteItems } from "../streams/remote-items.ts";
import { isSendingTapped, tellPayload } from "../taps.ts";
import { checkedSource, checkWait, notRun } from "./peer-arguments.ts";
import type { ProcessHold } from "./process-hold.ts";

export interface PeerCallsOptions<Peer> {
  readonly endpoint: Endpoint<Peer>;
  readonly peer: { readonly id: string };
  readonly hold: ProcessHold;
  /** The session that takes calls now, if there is one. */
  readonly accepting: () => Conversation | undefined;
  /** There is no session: opens the call later, or throws. */
  readonly openLater: (opening: CallOpening) => void;
}

export class PeerCalls<Peer> {
  readonly #options: PeerCallsOptions<Peer>;

  constructor(options: PeerCallsOptions<Peer>) {
    this.#options = options;
  }

  /** A call or an upload. Nothing here costs a promise more than the one that the caller gets. */
  answer(
    kind: "call" | "upload",
    name: string,
    data: unknown,
    source: ItemSource | undefined,
    options: CallOptions,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let request: CallRequest;
      let isHeld: boolean;
      try {
        checkWait(kind, options);
        const { ref = true, timeoutMs = this.#options.endpoint.callTimeoutMs } = options;
        const checked = kind === "upload" ? checkedSource(source) : undefined;
        request = this.#request(kind, name, { data, source: checked }, timeoutMs, options);
        isHeld = ref;
      } catch (reason) {
        // Getters and proxies of users may throw anything.
        reject(notRun(reason));
        return;
      }
      this.#openHeld({ request, onOpen: ignore, resolve, reject }, isHeld);
    });
  }

  /** A stream or a duplex. */
  items(
    kind: "stream" | "duplex",
    name: string,
    data: unknown,
    source: ItemSource | undefined,
    options: StreamOptions,
  ): RemoteItems {
    try {
      checkWait(kind, options);
      // It is opened only when somebody reads it: mistakes are told before.
      checkName(name);
      const { ref = true, timeoutMs } = options;
      const checked = kind === "duplex" ? checkedSource(source) : undefined;
      const request = this.#request(kind, name, { data, source: checked }, timeoutMs, options);
      return new RemoteItems((opener) => {
        this.#openHeld({ ...opener, request, resolve: ignore }, ref);
      }, request);
    } catch (reason) {
      throw notRun(reason);
    }
  }

  /** The process waits until it is settled. */
  #openHeld(opening: CallOpening, ref: boolean): void {
    if (!ref) {
      this.#open(opening);
      return;
    }
    const { hold } = this.#options;
    const { reject, resolve } = opening;
    hold.add();
    this.#open({
      ...opening,
      resolve: (value) => {
        hold.remove();
        resolve(value);
      },
      reject: (error) => {
        hold.remove();
        reject(error);
      },
    });
  }

  #request(
    kind: AnsweredKind,
    name: string,
    input: CallInput,
    timeoutMs: number | undefined,
    options: StreamOptions,
  ): CallRequest {
    const { accepting, endpoint, peer } = this.#options;
    if (accepting() === undefined) checkName(name);
    if (options.bytes !== undefined) checkBytes(options.bytes);
    const entry = endpoint.outgoing(name, kind);
    const request = callRequest(entry, kind, name, input, timeoutMs, options);
    const headers = endpoint.headers();
    if (isSendingTapped()) tellPayload(peer, kind, name, input.data);
    return headers === undefined ? request : { ...request, headers };
  }

  #open(opening: CallOpening): void {
    const session = this.#options.accepting();
    try {
      if (session === undefined) this.#options.openLater(opening);
      else session.open(opening);
    } catch (reason) {
      opening.reject(notRun(reason));
    }
  }
}

function ignore(): void {}
