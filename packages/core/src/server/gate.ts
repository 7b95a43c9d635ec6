/** Lets clients in or not: handshake, limits, `authorize`. */
import { formatAddress } from "../address/address.ts";
import { handshakeFailed } from "../diagnostics.ts";
import { MyelinError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Authorize } from "../peer/serve-options.ts";
import type { Endpoint } from "../session/endpoint.ts";
import { type Decision, greetClient, type LetIn } from "../session/handshake/greet-client.ts";
import type { Hello, ResumeRequest } from "../session/handshake/hello.ts";
import type { Admission, Rebuff } from "../session/handshake/server-handshake.ts";
import { outlivedText } from "../session/memory-budget.ts";
import type { AcceptSettings } from "../session/node-ipc/node-ipc-options.ts";
import type { SessionPeer } from "../session/peers/session-peer.ts";
import type { WindowSize } from "../session/sending/send-window.ts";
import { receiveLimits, resumeFeature } from "../session/start-session.ts";
import { channelBinding } from "../transport/channel-binding.ts";
import type { Connection, Screening, Sink } from "../transport/transport.ts";
import { allowed, applicantOf, causeOf, type Verdict } from "./asking.ts";
import { DatagramGate } from "./datagram-gate.ts";
import type { DatagramClient, DatagramPeer } from "./datagram-peer.ts";
import { admitNodeIpc } from "./node-ipc-gate.ts";
import type { NodeIpcClient, NodeIpcPeer } from "./node-ipc-peer.ts";
import { WaitingRoom } from "./waiting-room.ts";

export interface GateOptions {
  /** Clients of node-ipc are accepted, too, or only. */
  readonly nodeIpc: AcceptSettings["nodeIpc"];
  readonly endpoint: Endpoint<SessionPeer>;
  readonly instance: string;
  readonly authorize: Authorize | undefined;
  readonly authorizeTimeoutMs: number;
  readonly welcomeTimeoutMs: number;
  readonly maxHelloBytes: number;
  readonly maxPendingHandshakes: number;
  readonly maxPeers: number;
}

/** A session that waits for its client, who is here. */
export interface TakenBack {
  readonly peer: string;
  /** Counted frames of the client's that have arrived. */
  readonly received: number;
  readonly token: Uint8Array;
  /** What its client was told before that it may send. */
  readonly window: WindowSize;
}

/** Where a connection was made. */
export interface Place {
  /** As users write it. */
  readonly address: string;
  /** Only this machine can. */
  readonly isLocal: boolean;
  /** Only this user can. */
  readonly isPrivate: boolean;
}

/** Where those go who are let in. */
export interface Inside {
  readonly peers: { readonly size: number };
  enter(id: string, client: LetIn, isLocal: boolean): void;
  /** A client of node-ipc is let in. */
  enterNodeIpc(id: string, client: NodeIpcClient): NodeIpcPeer;
  /** A client over UDP is let in. */
  enterDatagrams(id: string, client: DatagramClient): DatagramPeer;
  /**
   * A client wants to go on with its session. Takes the session from its old connection when the
   * client has the right to it.
   * @returns what the client is told, or undefined: it gets a new session
   */
  takeBack(resume: ResumeRequest, hello: Hello, connection: Connection): TakenBack | undefined;
}

/** A client that has said who it is, and what it wants. */
interface Request {
  readonly connection: Connection;
  /** Aborts when nobody waits for a decision any more. */
  readonly gone: AbortController;
  readonly hello: Hello;
  readonly resume: ResumeRequest | undefined;
  /** What it will be called. */
  readonly id: string;
  readonly place: Place;
}

export class Gate {
  /** Connections that were turned away. */
  refused = 0;
  readonly #options: GateOptions;
  readonly #datagrams: DatagramGate;
  readonly #room: WaitingRoom;
  /** Connections that came before there was an inside. */
  readonly #early: { readonly connection: Connection; readonly place: Place }[] = [];
  #inside: Inside | undefined;
  #isClosed = false;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#room = new WaitingRoom({
      clock: options.endpoint.clock,
      authorizeTimeoutMs: options.authorizeTimeoutMs,
      places: options.maxPendingHandshakes,
      // Whoever hears it tells of its end.
      onTurnedAway: (connection) => connection.abort(tooMany()),
    });
    this.#datagrams = new DatagramGate({
      clock: options.endpoint.clock,
      welcomeTimeoutMs: options.welcomeTimeoutMs,
      vacancy: () => (this.#isClosed ? "closing" : this.#isFull ? "full" : "open"),
      onRefused: ({ address, source }, error) => this.#tellRefused(address, source, error),
      onLetIn: (id, client) => this.#inside?.enterDatagrams(id, client).sink,
    });
  }

  /** Asked about strangers by a listener of datagrams. */
  screen({ address }: Place): Screening {
    return this.#datagrams.screen(address);
  }

  /** From now on clients come in. */
  open(inside: Inside): void {
    this.#inside = inside;
    for (const { connection, place } of this.#early.splice(0)) this.admit(connection, place);
  }

  /** A connection was made. */
  admit(connection: Connection, listening: Place): void {
    if (this.#inside === undefined && !this.#isClosed) {
      this.#early.push({ connection, place: listening });
      return;
    }
    const place = narrowed(listening, connection);
    if (this.#isClosed || !this.#room.enter(connection)) {
      this.#turnAwayBusy(connection, place);
      return;
    }
    const { nodeIpc } = this.#options;
    if (connection.kind === "datagram") {
      const { address } = place;
      this.#datagrams.admit(connection, address, () => this.#room.leave(connection));
    } else if (nodeIpc === undefined) this.#greet(connection, place, undefined);
    else this.#sniff(connection, place, nodeIpc);
  }

  #turnAwayBusy(connection: Connection, place: Place): void {
    const error = tooMany();
    this.#turnedAway(connection, place, error);
    connection.abort(error);
  }

  /** Which of the two wires does it speak? */
  #sniff(
    connection: Connection,
    place: Place,
    { sniffMs, ...nodeIpc }: NonNullable<AcceptSettings["nodeIpc"]>,
  ): void {
    const { clock } = this.#options.endpoint;
    admitNodeIpc(connection, {
      ...nodeIpc,
      sniffMs: place.isLocal ? sniffMs.local : sniffMs.network,
      clock,
      ask: (over, ask) => this.#room.ask(connection, over, ask),
      hasRoom: () => !this.#isFull,
      onMyelin: (handOn) => {
        // One that was silent was let in, and waits again: else silence would be a way past the limit.
        const mayWait = !this.#isClosed && this.#room.enterAgain(connection);
        if (mayWait) this.#greet(connection, place, handOn);
        else this.#turnAwayBusy(connection, place);
      },
      onLetIn: (client) => {
        this.#room.leave(connection);
        // Others may have come in while somebody decided.
        if (this.#isClosed || this.#isFull) return undefined;
        return this.#inside?.enterNodeIpc(idOf(clock.randomBytes(12)), client);
      },
      onRefused: (error) => {
        this.#room.leave(connection);
        this.#turnedAway(connection, place, error);
      },
    });
  }

  #turnedAway({ remote }: Connection, { address }: Place, error: MyelinError): void {
    const from = remote === undefined ? undefined : formatAddress(remote);
    this.#tellRefused(address, from, error);
  }

  #tellRefused(address: string, remote: string | undefined, error: MyelinError): void {
    this.refused += 1;
    if (handshakeFailed.hasSubscribers) handshakeFailed.publish({ address, remote, error });
  }

  /** @param open has somebody hear what comes over the connection, where it was opened before */
  #greet(connection: Connection, place: Place, open: ((sink: Sink) => void) | undefined): void {
    const { endpoint } = this.#options;
    const id = idOf(endpoint.clock.randomBytes(12));
    const gone = new AbortController();
    greetClient(
      connection,
      {
        clock: endpoint.clock,
        open,
        codecs: endpoint.offeredCodecs(place.isPrivate),
        keys: endpoint.keys,
        channelBinding: channelBinding(connection),
        timeoutMs: this.#options.welcomeTimeoutMs,
        maxHelloBytes: this.#options.maxHelloBytes,
        features: endpoint.resumeWindow(place.isLocal) > 0 ? [resumeFeature] : [],
        decide: (hello, resume) => this.#decide({ connection, gone, hello, id, place, resume }),
      },
      (client, error) => {
        this.#room.leave(connection);
        if (client === undefined) {
          this.#turnedAway(connection, place, error);
          gone.abort(error);
        } else this.#inside?.enter(client.welcome.peer, client, place.isLocal);
      },
    );
  }

  /** Nobody else comes in. */
  close(): void {
    this.#isClosed = true;
    const error = new MyelinError("ERR_CLOSED", "the server is closing");
    for (const connection of this.#room.connections) connection.abort(error);
    for (const { connection } of this.#early.splice(0)) connection.abort(error);
  }

  async #decide(request: Request): Promise<Decision> {
    const { connection, gone, hello, id, place, resume } = request;
    const { authorize, endpoint, instance } = this.#options;
    if (this.#isClosed) return { reason: "closing", retryAfterMs: 0 };
    // Who has a session here is one of those already; whether it is so turns out below.
    const full = resume === undefined ? this.#fullness : undefined;
    if (full !== undefined) return full;
    const verdict = authorize === undefined ? allowed : await this.#ask(authorize, request);
    if (!verdict.isAllowed) return { reason: "denied", ...causeOf(verdict) };
    // Nobody is left to be told; and a session is not taken from its client for one that is gone.
    if (gone.signal.aborted) return { reason: "refused" };
    if (this.#isClosed) return { reason: "closing", retryAfterMs: 0 };
    const terms = (window: WindowSize) => ({
      instance,
      limits: receiveLimits(endpoint, window),
      ...contractOf(endpoint),
    });
    const { resumeWindowMs: theirs = Number.POSITIVE_INFINITY } = hello;
    const windowMs = Math.ceil(Math.min(endpoint.resumeWindow(place.isLocal), theirs));
    const canResume = windowMs > 0 && hello.features.includes(resumeFeature);
    const taken =
      canResume && resume !== undefined
        ? this.#inside?.takeBack(resume, hello, connection)
        : undefined;
    if (taken !== undefined) {
      const { peer, received, token, window } = taken;
      return { ...terms(window), peer, received, resume: { token, windowMs } };
    }
    // Others may have come in while somebody decided.
    const fullNow = this.#fullness;
    if (fullNow !== undefined) return fullNow;
    if (!canResume) return { ...terms(endpoint.nextWindow), peer: id };
    const token = endpoint.clock.randomBytes(tokenLength);
    return { ...terms(endpoint.nextWindow), peer: id, resume: { token, windowMs } };
  }

  get #isFull(): boolean {
    return this.#fullness !== undefined;
  }

  /** Why nobody else comes in, if so. */
  get #fullness(): Rebuff | undefined {
    const { endpoint, maxPeers } = this.#options;
    if ((this.#inside?.peers.size ?? 0) >= maxPeers) return busy;
    return endpoint.budget.isOutlived ? outlived : undefined;
  }

  #ask(authorize: Authorize, { connection, gone, hello }: Request): Promise<Verdict> {
    const { endpoint } = this.#options;
    const said = {
      meta: hello.meta,
      contract: hello.contract as { name: string; version?: string } | undefined,
      knowsSecret: endpoint.keys !== undefined,
    };
    const applicant = applicantOf(connection, "myelin");
    return this.#room.ask(connection, gone, (signal) => authorize(applicant, said, { signal }));
  }
}

/** Of some connections more is known than of where they came in. */
function narrowed(place: Place, { confinedTo }: Connection): Place {
  if (confinedTo === undefined) return place;
  return { ...place, isLocal: true, isPrivate: place.isPrivate || confinedTo === "user" };
}

function tooMany(): MyelinError {
  return new MyelinError("ERR_BUSY", "too many clients want to come in at once");
}

const busy: Rebuff = Object.freeze({ reason: "busy", retryAfterMs: limits.busyRetryMs });

/** Nobody who stands is to blame, and nobody else can add to it. */
const outlived: Rebuff = Object.freeze({ ...busy, text: outlivedText });

/** Bytes of a token that nobody can guess. */
export const tokenLength = 32;

/** Text that no two of them share. */
export function idOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

function contractOf({ contract }: Endpoint<SessionPeer>): Pick<Admission, "contract"> {
  if (contract?.name === undefined) return {};
  return { contract: { name: contract.name, version: contract.version } };
}
