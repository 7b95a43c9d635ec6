/** Where a socket listens, as `node:net` is told. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string };

/** The place of an address of ours: `unix:/path` or `tcp://host:port`. */
export function placeOf(address: string): Place {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port) };
}
