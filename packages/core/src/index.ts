// For everyone who connects processes.

export type {
  Address,
  LocalAddress,
  MemoryAddress,
  NetworkAddress,
  PipeAddress,
  UnixAddress,
} from "./address/address.ts";
export { formatAddress, parseAddress } from "./address/address.ts";
// For those who extend the library: the contracts, and the pieces below them.
export { checkLocalPath, maxLocalPathBytes, securePrivateFolder } from "./address/local-path.ts";
export {
  hintFor,
  isMyelinError,
  MyelinError,
  type MyelinErrorCode,
  toMyelinError,
} from "./errors.ts";
export { limits } from "./limits.ts";
export type { TcpOptions, UdpOptions, UnixOptions } from "./options.ts";
export {
  bindDatagram,
  type DatagramEndpoint,
  type DatagramOptions,
  type DatagramSink,
  type DatagramSource,
} from "./transport/datagram.ts";
export { local } from "./transport/local.ts";
export { type MemoryOptions, memory } from "./transport/memory.ts";
export { pipe } from "./transport/pipe.ts";
export { tcp } from "./transport/tcp.ts";
export { type CertificateSource, type TlsOptions, tls } from "./transport/tls.ts";
export type {
  Capabilities,
  Connection,
  DialOptions,
  Listener,
  ListenOptions,
  PeerIdentity,
  Sink,
  SocketConnection,
  SocketListener,
  SocketTransport,
  Transport,
} from "./transport/transport.ts";
export { udp } from "./transport/udp.ts";
export { unix } from "./transport/unix.ts";
