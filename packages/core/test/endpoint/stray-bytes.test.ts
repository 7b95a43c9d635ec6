// What a child prints on a stdout that carries a connection ends up between the bytes: the error says so.
import { PassThrough } from "node:stream";
import { connect, serve, stdio } from "myelin";
import { expect, test } from "vitest";
import { within } from "../../../../test/support/within.ts";
import { keep } from "./pairing.ts";

const line = "a line that the child prints on stdout\n";
const hinting = expect.objectContaining({
  message: expect.stringMatching(/write to the child's stdout, such as console\.log\?/),
});

/** A child that serves, and its streams as its parent holds them. */
async function child() {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const way = stdio();
  keep(await serve(way, { handlers: { ok: () => "ok" } }));
  way.accept({ stdin: stdout, stdout: stdin });
  return { stdin, stdout };
}

test("before the welcome", async () => {
  const streams = await child();
  streams.stdout.write(line);
  const outcome = connect(stdio(streams), { retry: false }).catch((reason: unknown) => reason);
  expect(await within("the end", outcome)).toEqual(hinting);
});

test("in a session", async () => {
  const streams = await child();
  const client = keep(await connect(stdio(streams), { retry: false }));
  expect(await client.call("ok")).toBe("ok");
  streams.stdout.write(line);
  const { error } = await within("the end", client.closed);
  expect(error).toEqual(hinting);
});
