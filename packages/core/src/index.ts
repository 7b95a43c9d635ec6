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
export { type ConnectAddress, connect } from "./client/connect.ts";
export { type Contract, type ContractAbout, contract, type Side } from "./contract/contract.ts";
export {
  type AnswerOptions,
  call,
  duplex,
  type Entries,
  type Entry,
  type EntryKind,
  type EventOptions,
  event,
  type Passage,
  stream,
  upload,
} from "./contract/entry.ts";
export type { Json, NotJson } from "./contract/json.ts";
export type { StandardIssue, StandardResult, StandardSchema } from "./contract/standard-schema.ts";
export type { Subscription } from "./emitter.ts";
export {
  isMyelinError,
  MyelinError,
  type MyelinErrorCode,
  type Ran,
  type RemoteError,
  toMyelinError,
  type ValidationIssue,
} from "./errors.ts";
export type { TcpOptions, UdpOptions, UnixOptions } from "./options.ts";
export type {
  CallOptions,
  CloseOptions,
  FlushOptions,
  ListenerOptions,
  PostOptions,
  SendOptions,
  StreamOptions,
} from "./peer/call-options.ts";
export type { Client } from "./peer/client.ts";
export type {
  ConnectOptions,
  OfflineOptions,
  OfflinePolicy,
  RetryOptions,
} from "./peer/connect-options.ts";
export type { EndpointLimits, ServerLimits } from "./peer/endpoint-limits.ts";
export type {
  EndpointOptions,
  HeartbeatOptions,
  ResumeOptions,
  SlowPeerPolicy,
  TracePropagator,
} from "./peer/endpoint-options.ts";
export type {
  Context,
  Handler,
  Handlers,
  Incoming,
  Listeners,
  Middleware,
  Source,
  TraceContext,
} from "./peer/handlers.ts";
export type { MessageCount, Notice, PeerName, Undelivered } from "./peer/notice.ts";
export type { CloseReason, ItemStream, Peer, PeerBasics, PeerState } from "./peer/peer.ts";
export type {
  Applicant,
  Authorize,
  AuthorizeLegacy,
  Hello,
  ServeOptions,
} from "./peer/serve-options.ts";
export type {
  AskOptions,
  AskResult,
  Audience,
  BroadcastOptions,
  BroadcastResult,
  Server,
  ServerPeer,
} from "./peer/server.ts";
export type { PeerStats, ServerStats } from "./peer/stats.ts";
export { type ServeAddress, serve } from "./server/serve.ts";
export { fd } from "./transport/fd.ts";
export { ipc } from "./transport/ipc.ts";
export { local } from "./transport/local.ts";
export { type MemoryOptions, MemoryRegistry, memory } from "./transport/memory.ts";
export { over } from "./transport/over.ts";
export { pipe } from "./transport/pipe.ts";
export { port } from "./transport/port.ts";
export {
  type SpawnedPeer,
  type SpawnPeerOptions,
  spawnPeer,
} from "./transport/spawn-peer.ts";
export { type StandardStreams, stdio } from "./transport/stdio.ts";
export { systemd } from "./transport/systemd.ts";
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
export type { Codec } from "./codec/codec.ts";
export { encodeJsonEvent, type JsonEvent, JsonEventDecoder } from "./codec/json-event.ts";
export type {
  CallRefused,
  CallSettled,
  ConnectionClosed,
  ConnectionOpened,
  DatagramFailed,
  HandlerFailed,
  HandshakeFailed,
  ListenerFailed,
  MessageKind,
  MessageSeen,
  NoticeSeen,
  PayloadSeen,
  SessionClosed,
  SessionDetached,
  SessionOpened,
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
