/** Finds the transport of an address. */
import type { Address } from "../address/address.ts";
import { MyelinError } from "../errors.ts";
import type { TcpOptions, UdpOptions, UnixOptions } from "../options.ts";
import { fd } from "./fd.ts";
import { ipc } from "./ipc.ts";
import { local } from "./local.ts";
import { memory } from "./memory.ts";
import { pipe } from "./pipe.ts";
import { port } from "./port.ts";
import { stdio } from "./stdio.ts";
import { systemd } from "./systemd.ts";
import { tcp } from "./tcp.ts";
import { type TlsOptions, tls } from "./tls.ts";
import type { Transport } from "./transport.ts";
import { udp } from "./udp.ts";
import { unix } from "./unix.ts";

/** Options of the transports that are built in, and others beside them. */
export interface TransportSettings {
  readonly unix?: UnixOptions | undefined;
  readonly tcp?: TcpOptions | undefined;
  readonly tls?: TlsOptions | undefined;
  readonly udp?: UdpOptions | undefined;
  /** In place of those built in, by their scheme. */
  readonly transports?: readonly Transport[] | undefined;
}

/** @throws {MyelinError} `ERR_UNSUPPORTED` when nothing is known that leads there; `ERR_CONFIG`. */
export function transportOf(address: Address, settings: TransportSettings): Transport {
  const { scheme } = address;
  const given = settings.transports?.find((each) => each.scheme === scheme);
  const transport = given ?? builtIn(scheme, settings);
  if (transport !== undefined) return transport;
  throw new MyelinError("ERR_UNSUPPORTED", `no transport is known for ${scheme}: addresses`);
}

function builtIn(scheme: string, settings: TransportSettings): Transport | undefined {
  switch (scheme) {
    case "local":
      return local(settings.unix);
    case "unix":
      return unix(settings.unix);
    case "pipe":
      return pipe(settings.unix);
    case "tcp":
      return tcp(settings.tcp);
    case "tls":
      return tls(settings.tls);
    case "udp":
      return udp(settings.udp);
    case "memory":
      return memory();
    case "fd":
      return fd();
    case "systemd":
      return systemd();
    // As text these three lead to whoever started this thread or process.
    case "port":
      return port("parent");
    case "ipc":
      return ipc("parent");
    case "stdio":
      return stdio("parent");
    default:
      return undefined;
  }
}
