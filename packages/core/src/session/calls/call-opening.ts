/** A call as it is asked for, before it has a number. */
import type { MyelinError } from "../../errors.ts";
import type { DataOptions, Encoded } from "../messages/data-codecs.ts";
import type { ItemReceiver } from "../streams/item-receiver.ts";
import type { ItemSource } from "../streams/items.ts";
import type { CallType } from "../wire.ts";

/** One call, as its caller describes it. */
export interface CallRequest {
  readonly type: CallType;
  readonly name: string;
  /** The input, until it is encoded; for uploads and duplexes there is none. */
  data?: unknown;
  /** What uploads and duplexes send. */
  readonly source?: ItemSource | undefined;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The input as it was encoded before, instead of `data`. */
  encoded?: Encoded;
  /** Tools have heard of it: it did not leave, and is sent again. */
  readonly isTold?: boolean;
  /** How the input is written. */
  readonly codec?: string | undefined;
  options?: DataOptions | undefined;
  /** What goes into its head. */
  readonly headers?: Buffer | undefined;
  /** Checks the answer, or each item of it, and may change it. */
  readonly accept?: ((value: unknown) => unknown) | undefined;
}

/** What its opener learns of an open call. */
export interface OpenedCall {
  /** Items that the handler yields; for streams and duplexes. */
  readonly output: ItemReceiver | undefined;
}

/** A call to be opened, and who hears of it. */
export interface CallOpening {
  readonly request: CallRequest;
  /** It is open: called again when it goes on in another session, because it had not left. */
  readonly onOpen: (call: OpenedCall) => void;
  /** It waits for a connection, until `withdraw` has it rejected; called again where it waits again. */
  readonly onWait?: ((withdraw: () => void) => void) | undefined;
  /** Hears the answer. */
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: MyelinError) => void;
}

const copied: DataOptions = Object.freeze({ copy: true });

/** It is encoded: whoever waits long for an answer need not keep it, nor the bytes beside it, which go once. */
export function forgetInput(request: CallRequest): void {
  request.data = undefined;
  request.encoded = undefined;
  request.options = request.options?.copy === true ? copied : undefined;
}
