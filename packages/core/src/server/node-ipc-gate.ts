/**
 * Lets clients of node-ipc in, on the same address as others. They say nothing of themselves, so what
 * they speak is found out first, and `authorize.legacy` has no more to go by than where they come from.
 */

import type { Clock } from "../clock.ts";
import { MyelinError } from "../errors.ts";
import type { Delimiter } from "../framing/delimiter.ts";
import type { AuthorizeLegacy } from "../peer/serve-options.ts";
import { Sniffing } from "../session/handshake/sniffing.ts";
import type { Connection, Sink } from "../transport/transport.ts";
import { allowed, applicantOf, causeOf, denied, type Verdict } from "./asking.ts";
import type { NodeIpcClient, NodeIpcPeer } from "./node-ipc-peer.ts";

export interface NodeIpcGateOptions {
  readonly delimiter: Delimiter;
  readonly authorize: AuthorizeLegacy | undefined;
  /** The address takes clients of the myelin wire, too. */
  readonly acceptsMyelin: boolean;
  /** How long a client may be silent and still be of the myelin wire. */
  readonly sniffMs: number;
  readonly clock: Clock;
  /** Asks the program, if there is time, as long as `over` is not. */
  readonly ask: (over: AbortController, ask: (signal: AbortSignal) => unknown) => Promise<Verdict>;
  /** It speaks the myelin wire. */
  readonly onMyelin: (handOn: (sink: Sink) => void) => void;
  /** There is room for another peer. */
  readonly hasRoom: () => boolean;
  readonly onLetIn: (client: NodeIpcClient) => NodeIpcPeer | undefined;
  readonly onRefused: (error: MyelinError) => void;
}

/** Looks at one connection. */
export function admitNodeIpc(connection: Connection, options: NodeIpcGateOptions): void {
  const { acceptsMyelin, clock, delimiter, onLetIn, onMyelin, onRefused } = options;
  let peer: NodeIpcPeer | undefined;
  let isAsked = false;
  let isOver = false;
  /** Nobody waits for what authorize says. One that has left may have said what it came for: not so. */
  const moot = new AbortController();
  const handOn = (sink: Sink): void => sniffing.handOn(sink);
  const refuse = (error: MyelinError): void => {
    if (isOver) return;
    isOver = true;
    sniffing.stop();
    connection.abort(error);
    onRefused(error);
    moot.abort(error);
  };
  const letIn = async (): Promise<void> => {
    isAsked = true;
    const verdict = options.hasRoom() ? await askAuthorize(connection, options, moot) : denied;
    if (isOver) return;
    if (verdict.isAllowed) peer = onLetIn({ connection, delimiter, handOn });
    if (peer !== undefined) return;
    refuse(new MyelinError("ERR_REFUSED", "the client was refused", causeOf(verdict)));
  };
  const sniffing = new Sniffing(connection, {
    clock,
    // Where nothing else is spoken there is nothing to wait for.
    sniffMs: acceptsMyelin ? options.sniffMs : 0,
    onSilence: () => void letIn(),
    onDialect(dialect) {
      if (dialect === "node-ipc") {
        if (!isAsked) void letIn();
        return;
      }
      if (!acceptsMyelin) {
        refuse(new MyelinError("ERR_PROTOCOL", "this server takes clients of node-ipc only"));
        return;
      }
      isOver = true;
      const error = new MyelinError("ERR_PROTOCOL", "the client speaks the myelin wire after all");
      peer?.giveUp(error);
      onMyelin(handOn);
      moot.abort(error);
    },
    onFailure: refuse,
  });
}

function askAuthorize(
  connection: Connection,
  { ask, authorize }: NodeIpcGateOptions,
  moot: AbortController,
): Verdict | Promise<Verdict> {
  if (authorize === undefined) return allowed;
  const applicant = applicantOf(connection, "node-ipc");
  return ask(moot, (signal) => authorize(applicant, { signal }));
}
