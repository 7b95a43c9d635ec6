// zod, valibot and arktype: their types become those of the contract, their findings our errors.
import { type } from "arktype";
import {
  type Client,
  type Contract,
  call,
  contract,
  event,
  type Handlers,
  MyelinError,
  type StandardSchema,
} from "myelin";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { validate } from "../../src/contract/validate.ts";

const withZod = contract({
  resize: call({
    input: z.object({ size: z.object({ width: z.number() }), label: z.string().default("none") }),
    output: z.string(),
  }),
  at: event({ input: z.string().transform((text) => new Date(text)) }),
});

const withValibot = contract({
  resize: call({
    input: v.object({
      size: v.object({ width: v.number() }),
      label: v.optional(v.string(), "none"),
    }),
    output: v.string(),
  }),
  at: event({
    input: v.pipe(
      v.string(),
      v.transform((text) => new Date(text)),
    ),
  }),
});

const withArktype = contract({
  resize: call({
    input: type({ size: { width: "number" }, label: "string = 'none'" }),
    output: type("string"),
  }),
  at: event({ input: type("string").pipe((text) => new Date(text)) }),
});

const libraries = { zod: withZod, valibot: withValibot, arktype: withArktype };

function inputOf(world: (typeof libraries)[keyof typeof libraries], name: string): StandardSchema {
  const schema = world.server.get(name)?.input;
  if (schema === undefined) throw new Error(`${name} has no schema`);
  return schema;
}

describe.each(Object.entries(libraries))("%s", (vendor, world) => {
  const resize = inputOf(world, "resize");

  test("is known by its own name", () => {
    expect(resize["~standard"].vendor).toBe(vendor);
  });

  test("lets through what is right, and fills in what it has defaults for", () => {
    expect(validate(resize, { size: { width: 1 } })).toEqual({ size: { width: 1 }, label: "none" });
  });

  test("transforms", () => {
    expect(validate(inputOf(world, "at"), "2026-01-01")).toEqual(new Date("2026-01-01"));
  });

  test("names the place of what is wrong", () => {
    const check = () => validate(resize, { size: { width: "wide" } });
    expect(check).toThrow(MyelinError);
    expect(check).toThrow(
      expect.objectContaining({
        code: "ERR_INVALID_DATA",
        message: expect.stringMatching(/^input\.size\.width: .*number/),
        issues: [{ message: expect.any(String), path: ["size", "width"] }],
      }),
    );
  });

  test("names the data itself when that is wrong", () => {
    expect(() => validate(resize, 7, "output")).toThrow(/^output: .*object/i);
  });
});

describe("an asynchronous schema is found out", () => {
  test.each<[string, StandardSchema]>([
    ["zod", z.string().refine(async () => true)],
    [
      "valibot",
      v.pipeAsync(
        v.string(),
        v.checkAsync(async () => true),
      ),
    ],
  ])("%s", (_, schema) => {
    expect(() => validate(schema, "text")).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
  });
});

// For the compiler; none of it runs.
declare const zodClient: Client<typeof withZod>;
declare const valibotClient: Client<typeof withValibot>;
declare const arktypeClient: Client<typeof withArktype>;

test("the sender's types are what the schemas accept", () => {
  const compiled = async () => {
    expectTypeOf(zodClient.call("resize", { size: { width: 1 } })).resolves.toBeString();
    expectTypeOf(valibotClient.call("resize", { size: { width: 1 } })).resolves.toBeString();
    expectTypeOf(arktypeClient.call("resize", { size: { width: 1 } })).resolves.toBeString();
    for (const client of [zodClient, valibotClient, arktypeClient] as const) {
      client.send("at", "2026-01-01");
      // @ts-expect-error -- text is accepted, a Date is what is made of it
      client.send("at", new Date());
      // @ts-expect-error -- a width is a number
      await client.call("resize", { size: { width: "wide" } });
    }
  };
  expect(compiled).toBeTypeOf("function");
});

test("the handler's types are what the schemas make of it", () => {
  type InputOf<World extends Contract> =
    Handlers<World, "server"> extends { resize: (input: infer Input, ctx: never) => unknown }
      ? Input
      : "not found";
  interface Taken {
    size: { width: number };
    label: string;
  }
  expectTypeOf<InputOf<typeof withZod>>().toEqualTypeOf<Taken>();
  expectTypeOf<InputOf<typeof withValibot>>().toEqualTypeOf<Taken>();
  expectTypeOf<InputOf<typeof withArktype>>().toEqualTypeOf<Taken>();
});
