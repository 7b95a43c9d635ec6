/**
 * What `console.log` and logs in JSON show of the objects that programs hold: what they are, not what
 * they are made of.
 */

/** Node asks for it by this name; no other runtime does. */
const inspectCustom: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

type Inspect = (value: unknown, options: object) => string;

/**
 * @param nameOf what the types call such an object
 * @param factsOf what is shown of it, in this order; what is undefined is not
 */
export function showBriefly<Instance extends object>(
  prototype: Instance,
  nameOf: (instance: Instance) => string,
  factsOf: (instance: Instance) => object,
): void {
  const show = function (this: Instance, depth: number, options: object, inspect: Inspect): string {
    // The class itself, say, is none of them.
    if (this === prototype) return "{}";
    const name = nameOf(this);
    if (depth < 0) return `[${name}]`;
    const shown = Object.entries(factsOf(this)).filter(([, value]) => value !== undefined);
    return `${name} ${inspect(Object.fromEntries(shown), options)}`;
  };
  const facts = function (this: Instance): object {
    return this === prototype ? {} : factsOf(this);
  };
  Object.defineProperties(prototype, {
    [inspectCustom]: { value: show },
    toJSON: { value: facts },
  });
}

interface Shown {
  readonly remote: string | undefined;
  readonly state: string;
  readonly id: string;
  readonly dialect: string;
}

/** Clients are peers that have an address. */
export function showPeerBriefly(prototype: Shown): void {
  showBriefly<Shown & { readonly address?: string }>(
    prototype,
    ({ address }) => (address === undefined ? "Peer" : "Client"),
    ({ address, dialect, id, remote, state }) => ({ address, remote, state, id, dialect }),
  );
}
