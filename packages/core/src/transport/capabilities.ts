import type { Capabilities } from "./transport.ts";

/** What every transport can do that carries one reliable run of bytes. */
export function streamCapabilities(
  own: Pick<Capabilities, "localOnly" | "credentials">,
): Capabilities {
  return Object.freeze({ stream: true, ordered: true, feedback: true, ...own });
}
