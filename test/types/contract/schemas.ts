// Schemas give types: the sender's is what the schema accepts, the receiver's what it makes of that.
import type { StandardSchema } from "myelin";
import { call, contract, event, stream, upload } from "myelin";
import { exactly } from "./exactly.ts";
import { connect, serve } from "./world.ts";

declare const size: StandardSchema<{ width: number }>;
declare const dateOfText: StandardSchema<string, Date>;
declare const numberOfText: StandardSchema<string, number>;

const shop = contract({
  resize: call({ input: size, output: dateOfText }),
  trusted: call({ input: size, output: dateOfText, validateOutput: false }),
  silent: call({ input: dateOfText }),
  ask: call({ output: numberOfText }),
  at: event({ input: dateOfText }),
  rich: event({ input: dateOfText, codec: "tagged" }),
  numbers: stream({ input: size, output: numberOfText }),
  sum: upload({ input: numberOfText, output: numberOfText }),
  // Types as given, the input checked as well.
  checked: call<{ width: number }, string>({ input: size }),
});

const client = await connect("local:shop", { contract: shop });
exactly<Promise<Date>>()(client.call("resize", { width: 1 }));
exactly<Promise<string>>()(client.call("trusted", { width: 1 }));
exactly<Promise<void>>()(client.call("silent", "2026-01-01"));
exactly<Promise<number>>()(client.call("ask"));
exactly<Promise<number>>()(client.upload("sum", ["1", "2"]));
exactly<Promise<string>>()(client.call("checked", { width: 1 }));
client.send("at", "2026-01-01");
client.send("rich", "2026-01-01");
for await (const n of client.stream("numbers", { width: 1 })) exactly<number>()(n);
// @ts-expect-error -- the schema accepts text
client.send("at", new Date());
// @ts-expect-error -- the schema accepts text
void client.upload("sum", [1]);

const server = await serve("local:shop", {
  contract: shop,
  handlers: {
    resize(input) {
      exactly<{ width: number }>()(input);
      return "2026-01-01";
    },
    trusted: () => "2026-01-01",
    silent: (at) => exactly<Date>()(at),
    ask: () => "7",
    numbers: () => ["1", "2"],
    async sum(items) {
      for await (const n of items) exactly<number>()(n);
      return "3";
    },
    checked: ({ width }) => `${width}`,
  },
});
server.on("at", (at) => exactly<Date>()(at));
// @ts-expect-error -- the handler gives what the schema accepts, not what it makes
server.handle("resize", () => new Date());
// @ts-expect-error -- a slip
call({ input: size, ouput: size });
// @ts-expect-error -- no schema
call({ input: { width: 1 } });
// @ts-expect-error -- an event has no answer
event({ input: size, output: size });
// @ts-expect-error -- a schema of something else
call<{ height: number }, string>({ input: size });
