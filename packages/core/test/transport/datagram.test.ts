import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import {
  bindDatagram,
  type DatagramEndpoint,
  type DatagramSink,
  type DatagramSource,
  type MyelinError,
} from "myelin";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../../../../test/support/free-port.ts";
import { turns, until, within } from "../../../../test/support/within.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

class Recorder implements DatagramSink {
  readonly datagrams: { text: string; source: DatagramSource }[] = [];
  readonly errors: MyelinError[] = [];
  closes = 0;

  onDatagram(bytes: Buffer, source: DatagramSource): void {
    this.datagrams.push({ text: bytes.toString(), source });
    bytes.fill(0xdd);
  }
  onError(error: MyelinError): void {
    this.errors.push(error);
  }
  onClose(): void {
    this.closes++;
  }
  received(count: number): Promise<void> {
    return until(`${count} datagrams`, () => this.datagrams.length >= count);
  }
}

async function bind(
  family: 4 | 6 = 4,
  options: Parameters<typeof bindDatagram>[2] = {},
): Promise<{ endpoint: DatagramEndpoint; hears: Recorder; host: string; port: number }> {
  const hears = new Recorder();
  const host = family === 4 ? "127.0.0.1" : "::1";
  const endpoint = await bindDatagram({ host, port: 0, family }, hears, options);
  open.push(endpoint);
  return { endpoint, hears, host, port: endpoint.address.port };
}

describe.each([4, 6] as const)("a datagram socket of IPv%d", (family) => {
  test("sends and hears whole datagrams, and says where they came from", async () => {
    const one = await bind(family);
    const two = await bind(family);
    one.endpoint.send("hello", two.port, two.host);
    one.endpoint.send(Buffer.from("bytes"), two.port, two.host);
    await two.hears.received(2);
    expect(two.hears.datagrams.map(({ text }) => text).sort()).toEqual(["bytes", "hello"]);
    const source = { address: one.host, port: one.port, family: `IPv${family}` };
    expect(two.hears.datagrams[0]?.source).toMatchObject(source);
  });

  test("is bound, and the socket known, before the promise is returned", async () => {
    let socket: Socket | undefined;
    const bound: unknown[] = [];
    const binding = bind(family, {
      onSocket: (given) => {
        socket = given;
        given.on("listening", () => bound.push(given.address().port));
      },
    });
    expect(bound).toHaveLength(1);
    const { endpoint, port } = await binding;
    expect(bound).toEqual([port]);
    expect(endpoint.socket).toBe(socket);
  });
});

describe("a datagram that cannot be sent", () => {
  test("is a coded error to its sender, and the socket works on", async () => {
    const { endpoint, hears, host, port } = await bind(4, { maxDatagramBytes: 100 });
    const outcomes: (string | undefined)[] = [];
    const callback = (error?: MyelinError): unknown => outcomes.push(error?.code);
    endpoint.send(Buffer.alloc(101), port, host, callback);
    endpoint.send("ü".repeat(51), port, host, callback);
    endpoint.send("x", 0, host, callback);
    endpoint.send("x", port, "no such host", callback);
    endpoint.send("x", port, "::1", callback);
    endpoint.send(Buffer.alloc(100, "x"), port, host, callback);
    expect(outcomes).toEqual([]);
    await until("all outcomes", () => outcomes.length === 6);
    expect(outcomes.filter((code) => code === "ERR_TOO_LARGE")).toHaveLength(2);
    expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
    expect(outcomes).toContain("ERR_INVALID_ADDRESS");
    expect(outcomes).toContain("ERR_NOT_FOUND");
    await hears.received(1);
    expect(hears.datagrams[0]?.text).toBe("x".repeat(100));
    expect(hears.errors).toEqual([]);
  });

  test("without a callback is an error of the socket", async () => {
    const { endpoint, hears, host, port } = await bind();
    endpoint.send(Buffer.alloc(65_508), port, host);
    expect(hears.errors).toEqual([]);
    await until("an error", () => hears.errors.length > 0);
    expect(hears.errors[0]).toMatchObject({
      code: "ERR_TOO_LARGE",
      message: expect.stringContaining("65508 bytes, the limit is 65507"),
    });
    endpoint.send(Buffer.alloc(65_507), port, host);
    await hears.received(1);
  });
});

describe("the end of a datagram socket", () => {
  test("is told once, and frees the port", async () => {
    const { endpoint, hears, host, port } = await bind();
    await within("close", Promise.all([endpoint.close(), endpoint.close()]));
    await within("a second close", endpoint.close());
    expect(hears.closes).toBe(1);
    expect(() => endpoint.send("x", port, host)).toThrow(
      expect.objectContaining({ code: "ERR_CLOSED" }),
    );
    open.push(await bindDatagram({ host, port, family: 4 }, new Recorder()));
  });

  test("is told, too, when somebody closes the socket itself", async () => {
    const { endpoint, hears } = await bind();
    endpoint.socket.close();
    await until("onClose", () => hears.closes > 0);
    await within("close", endpoint.close());
    await turns();
    expect(hears.closes).toBe(1);
    expect(hears.errors).toEqual([]);
  });

  test("comes with nothing after it, whatever was on its way", async () => {
    const { endpoint, hears, port } = await bind();
    endpoint.send(Buffer.alloc(70_000), port, "127.0.0.1");
    endpoint.send("x", port, "localhost");
    const closing = endpoint.close();
    await within("close", closing);
    await turns(10);
    expect(hears).toMatchObject({ closes: 1, datagrams: [] });
  });
});

describe("binding", () => {
  test("an address in use is refused", async () => {
    const { host, port } = await bind();
    const hears = new Recorder();
    await expect(bindDatagram({ host, port, family: 4 }, hears)).rejects.toMatchObject({
      code: "ERR_ADDRESS_IN_USE",
      address: `udp://127.0.0.1:${port}`,
      cause: expect.objectContaining({ code: "EADDRINUSE" }),
    });
    expect(hears).toMatchObject({ closes: 0, errors: [] });
  });

  test.each<[string, number, string]>([
    ["no such host", 0, "ERR_NOT_FOUND"],
    ["192.0.2.1", 0, "ERR_INVALID_ADDRESS"],
    ["127.0.0.1", 65_536, "ERR_INVALID_ADDRESS"],
  ])("%s:%d is refused", async (host, port, code) => {
    const binding = bindDatagram({ host, port, family: 4 }, new Recorder());
    await expect(binding).rejects.toMatchObject({ code });
  });

  test("can be given up, and leaves the port free", async () => {
    const port = await freePort("udp4");
    const address = { host: "127.0.0.1", port, family: 4 } as const;
    const signal = AbortSignal.abort();
    await expect(bindDatagram(address, new Recorder(), { signal })).rejects.toMatchObject({
      code: "ERR_ABORTED",
    });
    const controller = new AbortController();
    const named = { ...address, host: "localhost" };
    const binding = bindDatagram(named, new Recorder(), { signal: controller.signal });
    controller.abort();
    await expect(binding).rejects.toMatchObject({ code: "ERR_ABORTED" });
    open.push(await bindDatagram(address, new Recorder()));
  });
});

test("a datagram to a numeric host leaves at once: a process may exit right after", async () => {
  const receiver = createSocket("udp4").bind(0, "127.0.0.1");
  await once(receiver, "listening");
  open.push({ close: () => new Promise<void>((resolve) => receiver.close(resolve)) });
  const { endpoint } = await bind();
  endpoint.send("last words", receiver.address().port, "127.0.0.1");
  // Closing cancels what the socket still holds, as the end of the process would.
  endpoint.socket.close();
  const [bytes] = await within("the datagram", once(receiver, "message"));
  expect(String(bytes)).toBe("last words");
});
