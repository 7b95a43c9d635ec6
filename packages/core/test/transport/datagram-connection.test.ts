// One of several connections that share a socket.
import { expect, test } from "vitest";
import { DatagramConnection } from "../../src/transport/datagram-connection.ts";

test("what others over the same socket have sent is no business of this one", () => {
  const address = { scheme: "udp", host: "192.0.2.1", port: 1 } as const;
  let sent: (reason: Error | null) => void = () => {};
  const connection = new DatagramConnection({
    side: "accepted",
    ...{ local: address, remote: address, maxDatagramBytes: 100, safeDatagramBytes: 100 },
    queuedBytes: () => 50,
    transmit: (_, onSent) => {
      sent = onSent;
    },
    release() {},
  });
  expect(connection.pendingBytes).toBe(0);
  connection.send("x");
  expect(connection.pendingBytes).toBe(50);
  sent(null);
  expect(connection.pendingBytes).toBe(0);
});
