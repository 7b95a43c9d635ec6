/** The client: a peer that keeps its connection. */
import type { Contract } from "../contract/contract.ts";
import type { Peer } from "./peer.ts";

/**
 * What `connect()` gives: the server, as the client sees it. It reconnects by itself, as `retry` and
 * `resume` say, until `close()` or until the server tells it not to come back.
 */
export interface Client<C extends Contract = Contract> extends Peer<C, "client"> {
  /** The address it connects to, as text. */
  readonly address: string;
}
