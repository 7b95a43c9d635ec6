import {
  type Connection,
  type ConnectionClosed,
  type ConnectionOpened,
  MemoryRegistry,
  MyelinError,
  memory,
  type Transport,
  tcp,
  udp,
} from "myelin";
import { describe, expect, test } from "vitest";
import { Recorder } from "../../../test/conformance/recorder.ts";
import { hearChannel } from "../../../test/support/hear-channel.ts";
import { within } from "../../../test/support/within.ts";

const host = "127.0.0.1";
const transports: readonly [Transport, Parameters<Transport["listen"]>[0]][] = [
  [tcp(), { scheme: "tcp", host, port: 0 }],
  [udp(), { scheme: "udp", host, port: 0 }],
  [memory({ registry: new MemoryRegistry() }), { scheme: "memory", name: "x" }],
];

describe.each(transports)("diagnostics of $scheme", (transport, address) => {
  test("tell each connection's beginning and end, on both sides, without its data", async () => {
    const opened = hearChannel<ConnectionOpened>("myelin:connection:opened");
    const closed = hearChannel<ConnectionClosed>("myelin:connection:closed");
    let hello: (connection: Connection) => void = () => {};
    const accepting = new Promise<Connection>((resolve) => {
      hello = resolve;
    });
    const listener = await transport.listen(address, hello);
    const client = await transport.dial(listener.address);
    const clientHears = new Recorder(client);
    client.send("secret");
    const server = await within("a connection", accepting);
    const serverHears = new Recorder(server);
    await serverHears.received(6);
    const error = new MyelinError("ERR_TRANSPORT", "odd");
    client.abort(error);
    server.abort();
    await Promise.all([clientHears.closed(), serverHears.closed()]);
    await listener.close();

    expect(opened).toHaveLength(2);
    expect(opened.find(({ side }) => side === "dialled")?.connection).toBe(client);
    expect(opened.find(({ side }) => side === "accepted")?.connection).toBe(server);
    expect(closed).toHaveLength(2);
    const of = (connection: Connection) => closed.find((each) => each.connection === connection);
    expect(of(client)).toMatchObject({ side: "dialled", bytesRead: 0, bytesWritten: 6, error });
    expect(of(server)).toMatchObject({ side: "accepted", bytesRead: 6, bytesWritten: 0 });
  });
});

test("a listener's failure is told with its address", async () => {
  const failed = hearChannel<object>("myelin:listener:error");
  const listener = await tcp().listen({ scheme: "tcp", host, port: 0 }, () => {});
  listener.server.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE" }));
  await listener.close();
  expect(failed).toEqual([
    {
      address: expect.stringMatching(/^tcp:\/\/127\.0\.0\.1:\d+$/),
      error: expect.objectContaining({ code: "ERR_TRANSPORT" }),
    },
  ]);
});
