// The suite over listening sockets that this process was started with, from descriptor 3 on.
//   node fd-listening.mjs <port of the first> <port of the second> ...
import { type Address, fd, type Transport, tcp } from "myelin";
import { transportSuite } from "../../../../../test/conformance/transport-suite.ts";

const ports = process.argv.slice(2).map(Number);
const firstDescriptor = 3;
let taken = 0;

const isTaken = new Map<Address, number>();
const dialling: Transport = {
  ...tcp(),
  /** Clients dial the port, whoever listens to it by now. */
  dial(address, options) {
    const port = isTaken.get(address);
    const where: Address =
      port === undefined ? address : { scheme: "tcp", host: "127.0.0.1", port };
    return tcp().dial(where, options);
  },
};

transportSuite("fd, listening", {
  transport: fd(),
  dialling,
  address: () => {
    const address = { scheme: "fd", fd: firstDescriptor + taken } as const;
    const port = ports[taken++];
    if (port === undefined) throw new Error(`${ports.length} sockets are not enough`);
    isTaken.set(address, port);
    return address;
  },
  // Whoever started the process listens already, and goes on: clients wait instead of being refused.
  refuses: false,
  frees: false,
  // The listener tells its TCP address, and who wants the descriptor again has another test.
  exclusive: false,
  reusable: false,
});
