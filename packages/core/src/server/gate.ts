/** Lets clients in or not: handshake, limits, `authorize`. */
import { formatAddress } from "../address/address.ts";
import { MyelinError } from "../errors.ts";
import type { Authorize } from "../peer/serve-options.ts";
import type { Endpoint } from "../session/endpoint.ts";
import { greetClient, type LetIn } from "../session/greet-client.ts";
import type { Hello } from "../session/hello.ts";
import type { Admission } from "../session/server-handshake.ts";
import type { SessionPeer } from "../session/session-peer.ts";
import { receiveLimits } from "../session/start-session.ts";
import type { Refusal } from "../session/welcome.ts";
import { channelBinding } from "../transport/channel-binding.ts";
import type { Connection } from "../transport/transport.ts";

export interface GateOptions {
  readonly endpoint: Endpoint<SessionPeer>;
  readonly instance: string;
  readonly authorize: Authorize | undefined;
  readonly authorizeTimeoutMs: number;
  readonly welcomeTimeoutMs: number;
  readonly maxPendingHandshakes: number;
  readonly maxPeers: number;
}

/** Where those go who are let in. */
export interface Inside {
  readonly peers: { readonly size: number };
  enter(id: string, client: LetIn, isLocal: boolean): void;
}

type Decision = Admission | Omit<Refusal, "versions">;

export class Gate {
  /** Connections that were turned away. */
  refused = 0;
  readonly #options: GateOptions;
  readonly #pending = new Set<Connection>();
  /** Connections that came before there was an inside. */
  readonly #early: { readonly connection: Connection; readonly isLocal: boolean }[] = [];
  #inside: Inside | undefined;
  #isClosed = false;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** From now on clients come in. */
  open(inside: Inside): void {
    this.#inside = inside;
    for (const { connection, isLocal } of this.#early.splice(0)) this.admit(connection, isLocal);
  }

  /** A connection was made. `isLocal`: only this machine can. */
  admit(connection: Connection, isLocal: boolean): void {
    if (this.#inside === undefined && !this.#isClosed) {
      this.#early.push({ connection, isLocal });
      return;
    }
    const { endpoint, maxPendingHandshakes } = this.#options;
    if (this.#isClosed || this.#pending.size >= maxPendingHandshakes) {
      this.refused += 1;
      connection.abort(new MyelinError("ERR_BUSY", "too many clients want to come in at once"));
      return;
    }
    this.#pending.add(connection);
    const id = idOf(endpoint.clock.randomBytes(12));
    greetClient(
      connection,
      {
        clock: endpoint.clock,
        codecs: [],
        keys: endpoint.keys,
        channelBinding: channelBinding(connection),
        timeoutMs: this.#options.welcomeTimeoutMs,
        decide: (hello) => this.#decide(connection, hello, id),
      },
      (client) => {
        this.#pending.delete(connection);
        if (client === undefined) this.refused += 1;
        else this.#inside?.enter(id, client, isLocal);
      },
    );
  }

  /** Nobody else comes in. */
  close(): void {
    this.#isClosed = true;
    const error = new MyelinError("ERR_CLOSED", "the server is closing");
    for (const connection of this.#pending) connection.abort(error);
    for (const { connection } of this.#early.splice(0)) connection.abort(error);
  }

  async #decide(connection: Connection, hello: Hello, id: string): Promise<Decision> {
    const { authorize, endpoint, instance, maxPeers } = this.#options;
    if (this.#isClosed) return { reason: "closing", retryAfterMs: 0 };
    if ((this.#inside?.peers.size ?? 0) >= maxPeers) return { reason: "busy", retryAfterMs: 1_000 };
    const isAllowed = authorize === undefined || (await this.#ask(authorize, connection, hello));
    if (!isAllowed) return { reason: "denied" };
    if (this.#isClosed) return { reason: "closing", retryAfterMs: 0 };
    return { instance, peer: id, limits: receiveLimits(endpoint), ...contractOf(endpoint) };
  }

  /** Whatever is not a clear yes, in time, is a no. */
  async #ask(authorize: Authorize, connection: Connection, hello: Hello): Promise<boolean> {
    const { authorizeTimeoutMs, endpoint } = this.#options;
    const controller = new AbortController();
    let timer;
    const timeUp = new Promise<false>((resolve) => {
      timer = endpoint.clock.setTimeout(() => {
        resolve(false);
        controller.abort(new MyelinError("ERR_TIMEOUT", "authorize took too long"));
      }, authorizeTimeoutMs);
    });
    const { remote, peer: identity } = connection;
    const applicant = {
      dialect: "myelin",
      remote: remote === undefined ? undefined : formatAddress(remote),
      identity,
    } as const;
    const said = {
      meta: hello.meta,
      contract: hello.contract as { name: string; version?: string } | undefined,
      knowsSecret: endpoint.keys !== undefined,
    };
    try {
      const answer = authorize(applicant, said, { signal: controller.signal });
      const outcome: unknown = await Promise.race([answer, timeUp]);
      return outcome === true;
    } catch {
      return false;
    } finally {
      endpoint.clock.clearTimeout(timer);
    }
  }
}

/** Text that no two of them share. */
export function idOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

function contractOf({ contract }: Endpoint<SessionPeer>): Pick<Admission, "contract"> {
  if (contract?.name === undefined) return {};
  return { contract: { name: contract.name, version: contract.version } };
}
