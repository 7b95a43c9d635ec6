// The library's public names. First what every program needs.

export type {
  Address,
  DescriptorAddress,
  GivenAddress,
  LocalAddress,
  MemoryAddress,
  NetworkAddress,
  PipeAddress,
  SystemdAddress,
  UnixAddress,
} from "./address/address.ts";
export { formatAddress, parseAddress } from "./address/address.ts";
export { isMyelinError, MyelinError, type MyelinErrorCode, toMyelinError } from "./errors.ts";
export type { TcpOptions, UdpOptions, UnixOptions } from "./options.ts";
export { local } from "./transport/local.ts";
export { type MemoryOptions, MemoryRegistry, memory } from "./transport/memory.ts";
export { over } from "./transport/over.ts";
export { pipe } from "./transport/pipe.ts";
export { port } from "./transport/port.ts";
export { tcp } from "./transport/tcp.ts";
export { type TlsOptions, tls } from "./transport/tls.ts";
export type { CertificateOptions, CertificateSource } from "./transport/tls-certificates.ts";
export { udp } from "./transport/udp.ts";
export { unix } from "./transport/unix.ts";
export type { Way, WaySource } from "./transport/way.ts";

// Below: for those who extend the library (transports, framings, other APIs on top of it).

export { securePrivateFolder } from "./address/local-path.ts";
export { ByteWriter, type WriteTarget } from "./bytes/byte-writer.ts";
export { readAsOneTick } from "./bytes/tick.ts";
export { encodeJsonEvent, type JsonEvent, JsonEventDecoder } from "./codec/json-event.ts";
export type {
  ConnectionClosed,
  ConnectionOpened,
  DatagramFailed,
  HandshakeFailed,
  ListenerFailed,
} from "./diagnostics.ts";
export { Delimiter, DelimiterDecoder, type DelimiterDecoderOptions } from "./framing/delimiter.ts";
export type { FrameDecoder, FrameSink } from "./framing/framing.ts";
export {
  bindDatagram,
  type DatagramEndpoint,
  type DatagramOptions,
  type DatagramSink,
  type DatagramSource,
} from "./transport/datagram.ts";
export type {
  Capabilities,
  Connection,
  Credentials,
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
