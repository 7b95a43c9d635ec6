export type { Address } from "./address/address.ts";
export { isMyelinError, MyelinError, type MyelinErrorCode, toMyelinError } from "./errors.ts";
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
