/** A transport that remembers what was said on each connection, so that it can be said once more. */
import type { Address, Connection, Transport } from "../../src/index.ts";

export interface RecordedAttempts extends Transport {
  /** What was sent on each connection so far, in the order of dialling. */
  readonly attempts: readonly Buffer[][];
  /** How much of what is said goes out, too: of each connection all, the greeting alone, or nothing. */
  passes: "all" | "greeting" | "nothing";
}

export function recordedAttempts(inner: Transport): RecordedAttempts {
  const attempts: Buffer[][] = [];
  const recorded: RecordedAttempts = {
    scheme: inner.scheme,
    capabilities: inner.capabilities,
    attempts,
    passes: "all",
    async dial(address, options) {
      const connection = await inner.dial(address, options);
      const said: Buffer[] = [];
      attempts.push(said);
      const send = connection.send.bind(connection);
      connection.send = (data) => {
        said.push(Buffer.from(data as Uint8Array));
        const isGreeting = said.length === 1;
        const passes = recorded.passes === "greeting" ? isGreeting : recorded.passes === "all";
        return passes ? send(data) : true;
      };
      return connection;
    },
    listen: (address, onConnection, options) => inner.listen(address, onConnection, options),
  };
  return recorded;
}

/** Says it again, on a connection of its own. */
export async function sayAgain(
  transport: Transport,
  address: Address,
  said: readonly Uint8Array[],
): Promise<{ readonly connection: Connection; readonly isOpen: () => boolean }> {
  const connection = await transport.dial(address);
  let isOpen = true;
  connection.open({
    onData() {},
    onDrain() {},
    onClose() {
      isOpen = false;
    },
  });
  for (const bytes of said) connection.send(bytes);
  return { connection, isOpen: () => isOpen };
}
