import type { ConnectionOptions, TlsOptions as ServerOptions } from "node:tls";
import { MyelinError } from "../errors.ts";
import type { SocketTransport } from "./transport.ts";
/** A path to a PEM file, the text itself (it has `-----BEGIN`), its bytes, or a list of these. */
export type CertificateSource = string | Uint8Array | readonly (string | Uint8Array)[];
type NodeOptions = Omit<
  ConnectionOptions & ServerOptions,
  "key" | "cert" | "ca" | "pfx" | "crl" | "dhparam" | "host" | "port" | "path" | "socket"
>;
/** Every option of `tls.connect` and `tls.createServer`, and how certificates are given. */
export interface TlsOptions extends NodeOptions {
  key?: CertificateSource;
  cert?: CertificateSource;
  ca?: CertificateSource;
  pfx?: CertificateSource;
  crl?: CertificateSource;
  dhparam?: string | Uint8Array;
  /** @defaultValue 10,000 */
  handshakeTimeoutMs?: number;
  maxConnections?: number;
}
export function tls(options: TlsOptions = {}): SocketTransport {
  throw new MyelinError("ERR_UNSUPPORTED", String(options));
}
