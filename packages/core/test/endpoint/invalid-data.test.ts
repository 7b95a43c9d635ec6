// Data that a schema refuses fails alike, whatever kind of exchange it belongs to and whichever side found out.
import {
  call,
  connect,
  contract,
  duplex,
  event,
  isMyelinError,
  serve,
  stream,
  upload,
} from "myelin";
import { describe, expect, test } from "vitest";
import { until, within } from "../../../../test/support/within.ts";
import { all, freshAddress, keep, pair } from "./pairing.ts";

/** Numbers up to 9 under `n`; what is wrong names its place. */
const small = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    types: undefined as { input: { n: number }; output: { n: number } } | undefined,
    validate: (value: unknown) => {
      const { n } = value as { n: number };
      return n < 10 ? { value: { n } } : { issues: [{ message: `${n} is large`, path: ["n"] }] };
    },
  },
};
const schemas = { input: small, output: small };
const world = contract({
  call: call(schemas),
  stream: stream(schemas),
  upload: upload(schemas),
  duplex: duplex(schemas),
});

/** A handler answers ten times of what it was given. */
async function sides(kind: string) {
  const times = ({ n }: { n: number }) => ({ n: n * 10 });
  const server = keep(
    await serve(freshAddress(kind), {
      contract: world,
      handlers: {
        call: times,
        async *stream(input) {
          yield times(input);
        },
        upload: async (items) => times((await all(items)).at(-1) ?? { n: 0 }),
        async *duplex(items) {
          for await (const item of items) yield times(item);
        },
      },
    }),
  );
  const client = keep(await connect(server.address, { contract: world }));
  const exchanges = {
    call: (n: number) => client.call("call", { n }),
    stream: (n: number) => all(client.stream("stream", { n })),
    upload: (n: number) => client.upload("upload", [{ n: 0 }, { n }]),
    duplex: (n: number) => all(client.duplex("duplex", [{ n: 0 }, { n }])),
  };
  return { client, exchanges };
}

describe.each(["unix", "tcp"])("over %s", (kind) => {
  describe.each([
    ["call", "no", "output"],
    ["stream", "no", "item"],
    ["upload", "yes", "output"],
    ["duplex", "yes", "item"],
  ] as const)("a %s", (name, ranOfInput, output) => {
    test("whose input is refused says so, and why", async () => {
      const { exchanges } = await sides(kind);
      const refused = within<unknown>("the refusal", exchanges[name](10));
      await expect(refused).rejects.toMatchObject({
        code: "ERR_INVALID_DATA",
        message: expect.stringContaining("input.n: 10 is large"),
        ran: ranOfInput,
        issues: [{ message: "10 is large", path: ["n"] }],
      });
    });

    test("whose answer is refused says so, and why", async () => {
      const { exchanges } = await sides(kind);
      const refused = within<unknown>("the refusal", exchanges[name](1));
      await expect(refused).rejects.toMatchObject({
        code: "ERR_INVALID_DATA",
        message: `the call of "${name}" has an ${output === "item" ? "item" : "answer"} that this side's contract refuses: ${output}.n: 10 is large`,
        ran: "yes",
        issues: [{ message: "10 is large", path: ["n"] }],
      });
    });
  });
});

test("a handler may make something of items that are refused", async () => {
  const heard: unknown[] = [];
  const server = keep(
    await serve(freshAddress(), {
      contract: contract({ upload: upload(schemas), duplex: duplex(schemas) }),
      handlers: {
        upload: async (items) => {
          const error: unknown = await all(items).catch((reason: unknown) => reason);
          heard.push(isMyelinError(error) && error.issues);
          return { n: 0 };
        },
        async *duplex(items) {
          try {
            yield* items;
          } catch {
            throw new RangeError("another error");
          }
        },
      },
    }),
  );
  const client = keep(await connect(server.address));
  expect(await client.upload("upload", [{ n: 10 }])).toEqual({ n: 0 });
  expect(heard).toEqual([[{ message: "10 is large", path: ["n"] }]]);
  await expect(all(client.duplex("duplex", [{ n: 10 }]))).rejects.toMatchObject({
    code: "ERR_REMOTE",
    remote: { name: "RangeError" },
  });
});

test("an answer that was refused in a handler is told to its caller once, by name", async () => {
  const inner = contract({ server: {}, client: { ask: call({ output: small }) } });
  const server = keep(await serve(freshAddress(), { contract: inner }));
  const client = keep(await connect(server.address, { handlers: { ask: () => ({ n: 10 }) } }));
  const outer = keep(await serve(freshAddress()));
  outer.handle("outer", () => [...server.peers.values()][0]?.call("ask"));
  const caller = keep(await connect(outer.address));
  const error: unknown = await caller.call("outer").catch((reason: unknown) => reason);
  const message = `the call of "ask" has an answer that this side's contract refuses: output.n: 10 is large`;
  expect(error).toMatchObject({ code: "ERR_REMOTE", message: `MyelinError: ${message}` });
  expect(isMyelinError(error) && error.remote).toEqual({
    name: "MyelinError",
    code: "ERR_INVALID_DATA",
    message,
  });
  expect(client.state).toBe("open");
});

test("many and long issues are bounded", async () => {
  const talkative = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: () => ({
        issues: Array.from({ length: 100 }, () => ({
          message: "ü".repeat(10_000),
          path: Array.from({ length: 100 }, () => "ü".repeat(1_000)),
        })),
      }),
    },
  };
  const server = keep(
    await serve(freshAddress(), {
      contract: contract({ name: call({ input: talkative }) }),
      handlers: { name: () => {} },
    }),
  );
  const client = keep(await connect(server.address));
  const error: unknown = await client.call("name", 1).catch((reason: unknown) => reason);
  const issues = isMyelinError(error) ? (error.issues ?? []) : [];
  expect(issues.length).toBeGreaterThan(0);
  expect(Buffer.byteLength(JSON.stringify(issues))).toBeLessThanOrEqual(64 * 1024);
});

test("a listener for one event hears the first that the schema accepts", async () => {
  const ready = contract({ ready: event({ input: small }) });
  const server = keep(await serve(freshAddress("memory"), { contract: ready }));
  server.onNotice(() => {});
  const heard: unknown[] = [];
  server.on("ready", (data) => heard.push(data), { once: true });
  const client = keep(await connect(server.address));
  for (const n of [10, 1, 2]) client.send("ready", { n });
  await client.flush();
  expect(heard).toEqual([{ n: 1 }]);
});

describe("an event", () => {
  const schemaOf = (validate: () => unknown): typeof small => ({
    "~standard": { ...small["~standard"], validate: validate as never },
  });
  const ignore = (): void => {};

  test.each([
    ["says no", () => ({ issues: [{ message: "no" }] }), "ERR_INVALID_DATA"],
    ["throws", () => JSON.parse("{"), "ERR_INVALID_DATA"],
    ["gives no result", () => ({}), "ERR_INVALID_DATA"],
    ["is asynchronous", async () => ({ value: 1 }), "ERR_CONFIG"],
  ])("whose schema %s is a notice of kind invalid", async (_, validate, code) => {
    const moved = contract({ moved: event({ input: schemaOf(validate) }) });
    const { client, notices, server } = await pair({ server: { contract: moved } });
    server.on("moved", ignore);
    client.send("moved", { n: 1 });
    await client.flush();
    expect(notices).toMatchObject([{ kind: "invalid", name: "moved", error: { code } }]);
  });

  test("whose listener fails on what was refused elsewhere is one of a listener that failed", async () => {
    const both = contract({
      server: { moved: event({ input: small }) },
      client: { ask: call({ output: small }) },
    });
    const { client, notices, server } = await pair({
      server: { contract: both },
      client: { handlers: { ask: () => ({ n: 10 }) } },
    });
    server.on("moved", async (_, { peer }) => {
      await (peer as unknown as { call(name: string): Promise<unknown> }).call("ask");
    });
    client.send("moved", { n: 1 });
    await until("it is told", () => notices.length > 0);
    expect(notices).toMatchObject([
      { kind: "listener-failed", name: "moved", error: { code: "ERR_INVALID_DATA" } },
    ]);
  });
});

test("a caller whose input an asynchronous schema was to check hears so in the issues", async () => {
  const validate = async () => ({ value: 1 });
  const input: typeof small = {
    "~standard": { ...small["~standard"], validate: validate as never },
  };
  const resize = contract({ resize: call({ input }) });
  const options = { contract: resize, handlers: { resize: () => {} } };
  const server = keep(await serve(freshAddress(), options));
  const client = keep(await connect(server.address));
  await expect(client.call("resize", { n: 1 })).rejects.toMatchObject({
    code: "ERR_INVALID_DATA",
    issues: [{ message: expect.stringContaining("is asynchronous"), path: [] }],
  });
});
