// Programs that speak the wire of UDP by hand, for what no proper client and no proper server would say.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach } from "vitest";
import { until } from "../../../../test/support/within.ts";
import { eventEntry } from "../../src/session/datagrams/datagram-events.ts";
import {
  type Datagram,
  datagramBytes,
  type EventsDatagram,
  eventsDatagram,
  readDatagram,
  type WelcomeDatagram,
} from "../../src/session/datagrams/datagrams.ts";

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

async function bound(port = 0): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  sockets.push(socket);
  return socket;
}

type Kind = Datagram["kind"];
type Of<K extends Kind> = Extract<Datagram, { readonly kind: K }>;
const nonce = Buffer.from("01234567");

/** A stranger, until it has shaken hands. */
export class RawClient {
  readonly heard: { readonly bytes: Buffer; readonly datagram: Datagram | undefined }[] = [];
  sentBytes = 0;
  heardBytes = 0;
  readonly #socket: Socket;
  readonly #port: number;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on("message", (bytes) => {
      this.heardBytes += bytes.length;
      this.heard.push({ bytes, datagram: readDatagram(bytes) });
    });
  }

  static async of(address: string): Promise<RawClient> {
    return new RawClient(await bound(), Number(address.split(":").at(-1)));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  say(bytes: Uint8Array): void {
    this.sentBytes += bytes.length;
    this.#socket.send(bytes, this.#port, "127.0.0.1");
  }

  hello(more: { nonce?: Buffer; cookie?: Buffer; version?: number } = {}): void {
    this.say(datagramBytes({ kind: "hello", nonce, version: 1, cookie: undefined, ...more }));
  }

  events(token: Buffer, number: number, ...names: string[]): void {
    const events = names.map((name) => ({ frame: eventEntry(Buffer.from(name), undefined) }));
    const bytes = events.reduce((sum, { frame }) => sum + frame.length, 0);
    this.say(eventsDatagram(token, number, events, bytes));
  }

  all<K extends Kind>(kind: K): Of<K>[] {
    return this.heard.flatMap(({ datagram }) =>
      datagram?.kind === kind ? [datagram as Of<K>] : [],
    );
  }

  /** The newest of this kind, when there are so many. */
  async hears<K extends Kind>(kind: K, count = 1): Promise<Of<K>> {
    await until(`${count} of ${kind}`, () => this.all(kind).length >= count);
    return this.all(kind).at(-1) as Of<K>;
  }

  async enter(): Promise<WelcomeDatagram> {
    this.hello();
    const { cookie } = await this.hears("challenge");
    this.hello({ cookie });
    return await this.hears("welcome");
  }
}

/** A server that does what a test says. */
export class RawServer {
  readonly address: string;
  readonly heard: Datagram[] = [];
  readonly token: Buffer = Buffer.from("a token!");
  readonly #socket: Socket;
  source: RemoteInfo | undefined;

  private constructor(socket: Socket, answer: (datagram: Datagram, server: RawServer) => void) {
    this.#socket = socket;
    this.address = `udp://127.0.0.1:${socket.address().port}`;
    socket.on("message", (bytes, source) => {
      const datagram = readDatagram(bytes);
      if (datagram === undefined) return;
      this.source = source;
      this.heard.push(datagram);
      answer(datagram, this);
    });
  }

  static async start(
    answer: (datagram: Datagram, server: RawServer) => void,
    port = 0,
  ): Promise<RawServer> {
    return new RawServer(await bound(port), answer);
  }

  say(datagram: Exclude<Datagram, EventsDatagram>): void {
    this.bytes(datagramBytes(datagram));
  }

  bytes(bytes: Uint8Array): void {
    const { address, port } = this.source as RemoteInfo;
    this.#socket.send(bytes, port, address);
  }

  welcome(hello: Datagram, idleMs = 60_000): void {
    if (hello.kind !== "hello") return;
    const peer = Buffer.from("twelve bytes");
    this.say({ kind: "welcome", nonce: hello.nonce, token: this.token, peer, idleMs });
  }

  count(kind: Kind): number {
    return this.heard.filter((each) => each.kind === kind).length;
  }

  /** Is gone without a word. */
  async vanish(): Promise<void> {
    sockets.splice(sockets.indexOf(this.#socket), 1);
    await new Promise<void>((resolve) => void this.#socket.close(resolve));
  }
}
