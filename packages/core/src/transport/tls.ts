/**
 * TLS over TCP. Every option of `tls.connect` and `tls.createServer` passes through; certificates may
 * be given as paths. A stranger whose handshake fails never disturbs the listener.
 */
import {
  type ConnectionOptions,
  connect,
  createServer,
  type TlsOptions as ServerOptions,
} from "node:tls";
import { formatAddress } from "../address/address.ts";
import { MyelinError, withoutOpenSsl } from "../errors.ts";
import { limits } from "../limits.ts";
import {
  checkObject,
  checkOption,
  defaults,
  milliseconds,
  type ResolvedTcpOptions,
  refuseUndefined,
  resolveTcpOptions,
  type TcpOptions,
} from "../options.ts";
import { streamCapabilities } from "./capabilities.ts";
import {
  acceptSettings,
  bindNetwork,
  checkNetworkAddress,
  dialSettings,
  networkEnds,
  serverAddress,
} from "./network.ts";
import { dialSocket } from "./socket-dial.ts";
import { listenSocket } from "./socket-listener.ts";
import { type CertificateOptions, loadCertificates } from "./tls-certificates.ts";
import { explainHandshake, limitHandshake, turnAwayStrangers } from "./tls-handshake.ts";
import { wantsCertificates } from "./tls-trust.ts";
import type { SocketTransport } from "./transport.ts";

/**
 * Every option of `tls.connect` and of `tls.createServer` (`rejectUnauthorized`, `requestCert`,
 * `servername`, `minVersion`, ...), those of `tcp()`, and how certificates are given. Where to go is
 * the address's business.
 */
export type TlsOptions = Omit<
  ConnectionOptions & ServerOptions,
  | keyof CertificateOptions
  | keyof TcpOptions
  | "handshakeTimeout"
  | "host"
  | "keepAliveInitialDelay"
  | "path"
  | "port"
  | "socket"
> &
  CertificateOptions &
  TcpOptions & {
    /**
     * A handshake must be done so soon after the connection stands; below `serve()` no later than
     * `limits.handshakeTimeoutMs` either. @defaultValue 10,000
     */
    handshakeTimeoutMs?: number;
  };

/**
 * Connects processes over TLS. A server needs `key` and `cert`; with a `ca` it takes only clients that
 * show a certificate of that authority (mutual TLS), unless it says `requestCert: false`.
 *
 * With TLS 1.3 a client's handshake is done before the server has looked at its certificate, so a
 * refusal comes after `dial`: `onClose` with `ERR_TLS` when a certificate is missing; when it is not
 * trusted, Node's servers just end the connection, and only their side (`myelin:handshake:failed`)
 * knows why. Below `serve()` the client is told, in the words of the myelin wire.
 */
export function tls(options: TlsOptions = {}): SocketTransport {
  checkObject("tls", options);
  const { handshakeTimeoutMs = limits.handshakeTimeoutMs, ...given } = options;
  checkOption("tls", "handshakeTimeoutMs", handshakeTimeoutMs, milliseconds);
  refuseUndefined("tls", options, whatDecides);
  refuseMiswritten(options);
  const [tcpOptions, tlsOptions] = splitOptions(given);
  return {
    scheme: "tls",
    capabilities: streamCapabilities({ localOnly: false, credentials: true }),
    async dial(address, dialOptions = {}) {
      const { host, port } = checkNetworkAddress(address, "tls");
      const text = formatAddress(address);
      return dialSocket(
        {
          address: text,
          ends: networkEnds("tls", "dialled"),
          ready: "secureConnect",
          open: () => {
            const settings = { ...loadCertificates(tlsOptions), ...dialSettings(tcpOptions) };
            const socket = explainingSetUp(() => connect({ ...settings, host, port }));
            // tls.connect does not hand this one on.
            socket.setNoDelay(tcpOptions.noDelay);
            limitHandshake(socket, text, handshakeTimeoutMs);
            return socket;
          },
          explain: (reason) => explainHandshake(reason, text),
        },
        dialOptions,
      );
    },
    async listen(given, onConnection, listenOptions = {}) {
      const { handshakes } = listenOptions;
      const { max = Infinity, timeoutMs = Infinity, refusal, onFailed } = handshakes ?? {};
      const address = checkNetworkAddress(given, "tls");
      const text = formatAddress(address);
      return listenSocket(
        text,
        () => {
          const loaded = loadCertificates(tlsOptions, "server");
          // A server that says whom it trusts, and asked nobody, would take everybody.
          const requestCert = loaded.requestCert ?? loaded.ca !== undefined;
          const handshakeTimeout = Math.min(handshakeTimeoutMs, timeoutMs);
          const isMutual = wantsCertificates({ ...loaded, requestCert });
          const settings = {
            ...loaded,
            requestCert,
            ...acceptSettings(tcpOptions),
            handshakeTimeout,
            // Whom Node rejects cannot be told anything; `turnAwayStrangers` does it then.
            ...(isMutual && refusal !== undefined ? { rejectUnauthorized: false } : {}),
          };
          const server = explainingSetUp(() => createServer(settings));
          turnAwayStrangers(server, {
            max,
            timeoutMs: handshakeTimeout,
            wantsCertificates: isMutual,
            ...{ refusal, onFailed },
            addressOf: () => formatAddress(serverAddress(server, "tls", address.host)),
          });
          return bindNetwork({
            scheme: "tls",
            server,
            event: "secureConnection",
            address,
            options: tcpOptions,
            onConnection,
          });
        },
        listenOptions,
      );
    },
  };
}

/** The options that decide whom a side trusts. */
const whatDecides = ["ca", "crl", "requestCert", "rejectUnauthorized"] as const;

/**
 * Node ignores what it does not know: a `CA` would have a server take everybody.
 * @throws {MyelinError} `ERR_CONFIG`
 */
function refuseMiswritten(options: object): void {
  for (const key of Object.keys(options)) {
    const meant = whatDecides.find((each) => each.toLowerCase() === key.toLowerCase());
    if (meant === undefined || meant === key) continue;
    throw new MyelinError("ERR_CONFIG", `tls() has no option "${key}": \`${meant}\` is one`);
  }
}

type PassedThrough = Omit<TlsOptions, "handshakeTimeoutMs" | keyof TcpOptions>;

function splitOptions(options: TlsOptions): [ResolvedTcpOptions, PassedThrough] {
  const ours: Record<string, unknown> = {};
  const theirs: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    (tcpKeys.has(key) ? ours : theirs)[key] = value;
  }
  return [resolveTcpOptions(ours, "tls"), theirs];
}

const tcpKeys: ReadonlySet<string> = new Set<keyof TcpOptions>([
  ...(Object.keys(defaults.tcp) as (keyof TcpOptions)[]),
  "hints",
  "localAddress",
  "localPort",
  "lookup",
]);

const setUpHints: Readonly<Record<string, string>> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: "`key` and `cert` do not belong together",
  ERR_OSSL_BAD_DECRYPT: "the `passphrase` is wrong",
  ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED: "the key is encrypted: pass its `passphrase`",
};

/** Runs what builds the secure context: what it throws lies in the options. */
function explainingSetUp<Result>(setUp: () => Result): Result {
  try {
    return setUp();
  } catch (reason) {
    if (!(reason instanceof Error)) throw reason;
    const { code = "" } = reason as NodeJS.ErrnoException;
    const hint = setUpHints[code] ?? "check `key`, `cert`, `ca` and the other TLS options";
    throw new MyelinError("ERR_CONFIG", `${withoutOpenSsl(reason.message)} (${hint})`, {
      cause: reason,
    });
  }
}
