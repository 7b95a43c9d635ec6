// What becomes of an error in `authorize`: the server's operator learns it, the client does not.
import { once } from "node:events";
import { connect, type HandshakeFailed, type ServeOptions, serve } from "myelin";
import { expect, test } from "vitest";
import { hearChannel } from "../../../../test/support/hear-channel.ts";
import { until, within } from "../../../../test/support/within.ts";
import { Legacy } from "./legacy-program.ts";
import { freshAddress, keep } from "./pairing.ts";

const bug = new TypeError("a bug in\nauthorize");
const throwing = (): never => {
  throw bug;
};

async function refusing(options: ServeOptions): Promise<string> {
  return keep(await serve(freshAddress(), options)).address;
}

/** Asks to come in. @returns why not */
async function refusalOf(address: string): Promise<object> {
  const outcome = connect(address, { retry: false }).catch((reason: object) => reason);
  return within("a refusal", outcome);
}

test("where nobody listens for refusals, the first is a warning of the process", async () => {
  const warned = once(process, "warning");
  const address = await refusing({ authorize: throwing });
  await refusalOf(address);
  const [warning] = await within("a warning", warned);
  expect(warning).toMatchObject({
    name: "MyelinWarning",
    message: expect.stringMatching(/^authorize threw.*TypeError: a bug in authorize$/),
  });
});

test.each<[string, NonNullable<ServeOptions["authorize"]>]>([
  ["thrown", throwing],
  ["rejected", async () => throwing()],
])(
  "what was %s is the cause of the refusal at the server, and no word for the client",
  async (_, authorize) => {
    const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
    const refusal = await refusalOf(await refusing({ authorize }));
    expect(refusal).toMatchObject({
      code: "ERR_REFUSED",
      message: "the server refused this client (denied)",
    });
    expect(refusal).not.toHaveProperty("cause");
    expect(failed).toMatchObject([{ error: { code: "ERR_REFUSED" } }]);
    expect(failed[0]?.error.cause).toBe(bug);
  },
);

test("a mere no has no cause, and an answer that took too long says so", async () => {
  const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
  await refusalOf(await refusing({ authorize: () => false }));
  expect(failed[0]?.error).not.toHaveProperty("cause");
  const authorize = () => new Promise<boolean>(() => {});
  await refusalOf(await refusing({ authorize, authorizeTimeoutMs: 1 }));
  expect(failed[1]?.error.cause).toMatchObject({ code: "ERR_TIMEOUT" });
});

test("the same for clients of node-ipc", async () => {
  const failed = hearChannel<HandshakeFailed>("myelin:handshake:failed");
  const address = await refusing({ accept: ["node-ipc"], authorize: { legacy: throwing } });
  const { socket } = await Legacy.dial(address);
  socket.write("{");
  await until("it is told", () => failed.length === 1);
  expect(failed[0]?.error.cause).toBe(bug);
});
