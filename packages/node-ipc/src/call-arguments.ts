/**
 * All guessing about arguments. node-ipc's methods let arguments be left out as long as the order of
 * the rest holds; undefined, null, false and '' count as left out.
 */

type Callback = (...args: unknown[]) => unknown;

export interface LocalArguments {
  path: string | undefined;
  callback: Callback;
}

export interface NetworkArguments {
  host: string | undefined;
  port: number | undefined;
  callback: Callback;
}

export interface DatagramArguments extends NetworkArguments {
  datagram: "udp4" | "udp6" | undefined;
}

const nothing = (): void => {};

/** `[path][, callback]`, of `serve` and, behind the id, of `connectTo`. */
export function localArguments(args: readonly unknown[]): LocalArguments {
  const path = args.find((value) => typeof value === "string" && value !== "");
  return { path: path as string | undefined, callback: callbackIn(args) };
}

/** `[host][, port][, callback]`, behind the id, of `connectToNet`. */
export function networkArguments(args: readonly unknown[]): NetworkArguments {
  const { host, port, callback } = datagramArguments(args);
  return { host, port, callback };
}

/** `[host][, port][, 'udp4' | 'udp6'][, callback]`, of `serveNet`. */
export function datagramArguments(args: readonly unknown[]): DatagramArguments {
  let host: string | undefined;
  let port: number | undefined;
  let datagram: "udp4" | "udp6" | undefined;
  for (const value of args) {
    if (typeof value === "number") {
      if (value > 0) port ??= value;
      continue;
    }
    if (typeof value !== "string" || value === "") continue;
    const text = value.toLowerCase();
    if (text === "udp4" || text === "udp6") datagram ??= text;
    else if (host === undefined && port === undefined) host = value;
    // A port read from the environment is text.
    else if (/^\d+$/.test(value)) port ??= Number(value);
  }
  return { host, port, datagram, callback: callbackIn(args) };
}

function callbackIn(args: readonly unknown[]): Callback {
  return (args.find((value) => typeof value === "function") as Callback | undefined) ?? nothing;
}
