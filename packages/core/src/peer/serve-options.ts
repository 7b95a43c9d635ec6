/** The options of `serve()`. */
import type { Contract } from "../contract/contract.ts";
import type { PeerIdentity } from "../transport/transport.ts";
import type { EndpointOptions, HandlersOption } from "./endpoint-options.ts";

/** What a client says of itself before it is let in. Its word only, unless a secret or TLS proves it. */
export interface Hello {
  /** What the client passed as `meta`. */
  readonly meta: Readonly<Record<string, string>>;
  /** The contract that it was made with. */
  readonly contract: { readonly name?: string; readonly version?: string } | undefined;
  /** It knows the secret: proven before `authorize` is asked. */
  readonly knowsSecret: boolean;
}

/** A client that asks to come in. */
export interface Applicant {
  readonly dialect: "myelin" | "node-ipc";
  readonly remote: string | undefined;
  readonly identity: PeerIdentity;
}

/**
 * Decides who comes in. True lets the client in; false, and whatever is thrown, does not, and the client
 * is told no more than that. Asked after the proofs of `secret` and TLS, before any other frame is read,
 * and again when a session resumes.
 * @param options `signal` aborts at `authorizeTimeoutMs`, and when the client is gone
 */
export type Authorize = (
  applicant: Applicant,
  hello: Hello,
  options: { readonly signal: AbortSignal },
) => boolean | Promise<boolean>;

/**
 * As {@link Authorize}, for clients of node-ipc, which say nothing of themselves. One that is gone may
 * have said all that it wanted, and is heard where it is let in: `signal` aborts at `authorizeTimeoutMs`,
 * and before that only when one that said nothing is gone, or speaks the myelin wire after all.
 */
export type AuthorizeLegacy = (
  applicant: Applicant,
  options: { readonly signal: AbortSignal },
) => boolean | Promise<boolean>;

interface ServeSettings<C extends Contract> extends EndpointOptions<C, "server"> {
  /** Stops listening, as long as `serve()` has not returned: it rejects with `ERR_ABORTED`. */
  signal?: AbortSignal | undefined;
  /**
   * Decides who comes in. `legacy` is asked for clients of node-ipc, which are accepted beside
   * `authorize` only where it is given. @defaultValue everybody who can connect
   */
  authorize?: Authorize | { readonly myelin?: Authorize; readonly legacy: AuthorizeLegacy };
  /**
   * No answer so soon is a no: stops strangers from holding places while a database does not answer.
   * It is part of `limits.handshakeTimeoutMs`, which is to be longer, at each client as well: else the
   * client may give up first, and come again. @defaultValue 4,000, and at most four fifths of
   * `limits.handshakeTimeoutMs`
   */
  authorizeTimeoutMs?: number;
  /**
   * Which dialects are spoken on the same address. `node-ipc` has no secret and no identity: it is
   * refused (`ERR_CONFIG`) together with `secret`, and with an `authorize` that has no `legacy`.
   * @defaultValue ["myelin"]
   */
  accept?: readonly ("myelin" | "node-ipc")[];
  /**
   * A client that has said nothing for so long is taken for one of node-ipc that only listens. One of
   * the myelin wire that is late is taken for one, too, and tries again when it is sent something.
   * @defaultValue 200; over TCP and TLS 1,000, in which a lost packet comes again
   */
  sniffMs?: number;
  /** What ends a message of node-ipc. @defaultValue "\f" */
  delimiter?: string;
}

/** Options of `serve()`. */
export type ServeOptions<C extends Contract = Contract> = ServeSettings<C> &
  HandlersOption<C, "server">;
