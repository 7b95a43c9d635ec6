/**
 * Who is at the other end of a Unix socket. Node has no call for it; the system has, and `koffi` (an
 * optional peer dependency) makes it. Nothing is loaded before somebody asks.
 */
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { Credentials, PeerIdentity } from "./transport.ts";

/** Node asks for it by this name, to print something. */
const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

/** The peer of a Unix socket. Asked once: the answer was fixed when the connection was made. */
export function localPeer(socket: Socket): PeerIdentity {
  let credentials: Credentials | "unknown" | undefined;
  const identity: PeerIdentity = {
    // A property of the object itself, so that logs and JSON show it.
    get credentials() {
      credentials ??= credentialsOf(socket);
      return credentials;
    },
  };
  const show = (_depth: number, options: object, inspect: Inspect): string =>
    inspect({ credentials: identity.credentials }, options);
  return Object.defineProperty(identity, inspectCustom, { value: show });
}

type Inspect = (value: unknown, options: object) => string;

type GetSocketOption = (
  descriptor: number,
  level: number,
  option: number,
  value: Buffer,
  size: Buffer,
) => number;

/** What is used of koffi. */
interface Koffi {
  load(library: null): { func(prototype: string): GetSocketOption };
}

const solSocket = 1;
/** SO_PEERCRED of the Linux headers (asm-generic/socket.h, and PowerPC's own). */
const soPeerCred = process.arch === "ppc64" ? 21 : 17;
/** MIPS and others number sockets' options in ways of their own. */
const knownArchitectures = ["arm", "arm64", "ia32", "loong64", "ppc64", "riscv64", "s390x", "x64"];

// struct ucred: pid_t, uid_t, gid_t, each of 32 bits.
const credentialsBytes = 12;

/**
 * What the kernel shows in place of a user or group that this user namespace does not know
 * (`/proc/sys/kernel/overflowuid`). It is also the number of `nobody`, so it proves nothing.
 */
const overflowId = 65_534;

function credentialsOf(socket: Socket): Credentials | "unknown" {
  const { _handle: handle } = socket as Socket & { _handle?: { readonly fd?: number } | null };
  const descriptor = handle?.fd ?? -1;
  // A closed socket: asking would ask whoever has its number by now.
  if (descriptor < 0 || socket.destroyed) return "unknown";
  const getSocketOption = loadOnce();
  if (getSocketOption === undefined) return "unknown";
  const value = new Uint32Array(credentialsBytes / 4);
  const size = Uint32Array.of(credentialsBytes);
  const status = getSocketOption(descriptor, solSocket, soPeerCred, bytesOf(value), bytesOf(size));
  const [pid = 0, uid = overflowId, gid = overflowId] = value;
  // No process: the peer is in another pid namespace, or the socket is none that has credentials.
  if (status !== 0 || size[0] !== credentialsBytes || pid === 0) return "unknown";
  if (uid === overflowId || gid === overflowId) return "unknown";
  return Object.freeze({ pid, uid, gid });
}

let loaded: { readonly call: GetSocketOption | undefined } | undefined;

function loadOnce(): GetSocketOption | undefined {
  loaded ??= { call: load() };
  return loaded.call;
}

function load(): GetSocketOption | undefined {
  if (process.platform !== "linux" || !knownArchitectures.includes(process.arch)) return undefined;
  // Not a literal, so that no bundler takes it for something that must be there.
  const name = "koffi";
  try {
    const koffi = createRequire(import.meta.url)(name) as Koffi;
    return koffi
      .load(null)
      .func("int getsockopt(int fd, int level, int option, void *value, void *size)");
  } catch {
    // Not installed, or native code is not allowed here (--no-addons, --permission).
    return undefined;
  }
}

function bytesOf({ buffer }: Uint32Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer);
}
