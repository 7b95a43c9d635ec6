/** A client that speaks the myelin wire: it greets its server, and goes on with its session. */

import { type Address, isPrivate } from "../address/address.ts";
import type { Timer } from "../clock.ts";
import { sessionDetached } from "../diagnostics.ts";
import { MyelinError } from "../errors.ts";
import type { Endpoint } from "../session/endpoint.ts";
import {
  greetServer,
  type Rejection,
  silence,
  type Welcomed,
} from "../session/handshake/greet-server.ts";
import type { Hello, ResumeRequest } from "../session/handshake/hello.ts";
import type { ResumeOffer } from "../session/handshake/welcome.ts";
import type { SessionPeer } from "../session/peers/session-peer.ts";
import type { Session } from "../session/session.ts";
import type { SessionEnd } from "../session/session-end.ts";
import {
  receiveLimits,
  resumeFeature,
  resumeSession,
  sinkOf,
  startSession,
} from "../session/start-session.ts";
import { channelBinding } from "../transport/channel-binding.ts";
import type { Connection } from "../transport/transport.ts";
import { LiveClient, type LiveClientOptions } from "./live-client.ts";

export interface MyelinClientOptions extends LiveClientOptions {
  readonly meta: Readonly<Record<string, string>>;
  readonly welcomeTimeoutMs: number;
  /** Whether the secret may be proven there. @throws {MyelinError} `ERR_CONFIG` */
  readonly checkRemote: (remote: Address) => void;
}

export class MyelinClient extends LiveClient {
  readonly dialect = "myelin";
  readonly #options: MyelinClientOptions;
  /** The session, as what may go on over another connection. */
  #resumable: Session<SessionPeer> | undefined;
  /** What continues the session, when its connection has broken. */
  #resume: ResumeOffer | undefined;
  /** The newest attempt's. */
  #greeting: { readonly connection: Connection; readonly heardNothing: boolean } | undefined;
  /** The session that waits ends when nothing came of that. */
  #expiry: Timer | undefined;

  constructor(endpoint: Endpoint<SessionPeer>, options: MyelinClientOptions) {
    super(endpoint, options);
    this.#options = options;
  }

  tellDetached(reason: MyelinError): void {
    const { clock } = this.endpoint;
    const own = this.endpoint.resumeWindow(this.#isLocal(this.connection));
    const windowMs = Math.min(own, this.#resume?.windowMs ?? 0);
    clock.clearTimeout(this.#expiry);
    this.#expiry = clock.setTimeout(() => this.session?.abort(reason), windowMs);
    this.setState("detached");
    if (sessionDetached.hasSubscribers) sessionDetached.publish({ peer: this, error: reason });
    this.attempts.later(0, reason);
  }

  /** Nobody keeps the session. One that is being closed waits for the next server, within its time. */
  protected override tellGone(error: MyelinError): void {
    if (this.state !== "detached" || this.wasClosedHere) return;
    const what = `the server has ended: ${error.message}`;
    this.session?.abort(new MyelinError("ERR_CONNECTION_LOST", what, { cause: error }));
  }

  override tellEnd(end: SessionEnd): void {
    this.#resumable = undefined;
    this.#resume = undefined;
    this.endpoint.clock.clearTimeout(this.#expiry);
    super.tellEnd(end);
  }

  override get obstacle(): string | undefined {
    const greeting = this.#greeting;
    return greeting?.heardNothing === true ? silence(greeting.connection) : undefined;
  }

  protected greet(connection: Connection, failed: (rejection: Rejection) => void): void {
    const { clock, keys } = this.endpoint;
    // Where an inherited socket leads to is not known before.
    if (connection.remote !== undefined) this.#options.checkRemote(connection.remote);
    this.#greeting = greetServer(
      connection,
      {
        clock,
        keys,
        hello: this.#hello(connection),
        resume: this.#resumeRequest(),
        channelBinding: channelBinding(connection),
        timeoutMs: this.#options.welcomeTimeoutMs,
      },
      (welcomed, rejection) => {
        if (this.state === "closed") connection.abort();
        else if (welcomed !== undefined) this.#enter(welcomed);
        else if (rejection !== undefined) failed(rejection);
      },
    );
  }

  #resumeRequest(): ResumeRequest | undefined {
    const session = this.#resumable;
    if (session === undefined || this.#resume === undefined) return undefined;
    return { session: this.id, token: this.#resume.token, received: session.received };
  }

  #isLocal(connection: Connection | undefined): boolean {
    const { localOnly } = this.#options.transport.capabilities;
    return localOnly || connection?.confinedTo !== undefined;
  }

  #hello(connection: Connection): Hello {
    const { contract } = this.endpoint;
    const { address, transport } = this.#options;
    const windowMs = this.endpoint.resumeWindow(this.#isLocal(connection));
    const mayResume = transport.dialsOnce !== true && windowMs > 0;
    return {
      codecs: this.endpoint.offeredCodecs(isPrivate(address) || connection.confinedTo === "user"),
      features: mayResume ? [resumeFeature] : [],
      limits: receiveLimits(this.endpoint, this.endpoint.terms.window),
      meta: this.#options.meta,
      ...(mayResume ? { resumeWindowMs: Math.ceil(windowMs) } : {}),
      ...(contract?.name === undefined
        ? {}
        : { contract: { name: contract.name, version: contract.version } }),
    };
  }

  #enter(welcomed: Welcomed): void {
    this.attempts.succeeded();
    const session = this.#resumable;
    const { connection, welcome } = welcomed;
    if (welcome.received !== undefined) {
      if (session !== undefined) {
        this.#comeBack(session, welcomed, welcome.received);
        return;
      }
      // The session has ended here while the server was asked for it. The counts that it goes on from
      // are nobody's: another attempt asks for a new one.
      connection.abort();
      this.attempts.later(0, undefined);
      return;
    }
    if (session !== undefined) {
      const what = "the server has forgotten the session";
      this.replace(session, new MyelinError("ERR_CONNECTION_LOST", what));
    }
    // It was closed while it waited: there is nothing to go on with.
    if (this.state === "closed") connection.abort();
    else this.#begin(welcomed);
  }

  /** The server has kept the session. */
  #comeBack(
    session: Session<SessionPeer>,
    { connection, handOn, welcome }: Welcomed,
    received: number,
  ): void {
    this.endpoint.clock.clearTimeout(this.#expiry);
    this.#resume = welcome.resume;
    this.setConnection(connection);
    this.resumptions += 1;
    if (!resumeSession(session, connection, received)) {
      // What else it says is nobody's, and is not kept.
      handOn(sinkOf(session, connection));
      return;
    }
    this.setState("open");
    this.tellOpened();
    handOn(sinkOf(session, connection));
  }

  #begin({ connection, handOn, welcome }: Welcomed): void {
    this.#resume = welcome.resume;
    this.enter(welcome.peer, connection, () => {
      this.#resumable = startSession<SessionPeer>({
        endpoint: this.endpoint,
        peer: this,
        handlers: this.handlers,
        connection,
        theirs: welcome.limits,
        window: this.endpoint.terms.window,
        codecs: welcome.codecs,
        isResumable: welcome.resume !== undefined,
        isLocal: this.#isLocal(connection),
        handOn,
      });
      return this.#resumable;
    });
  }
}
