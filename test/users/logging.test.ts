// The log names events and errors; what was said in them is nobody's business unless somebody asks for it.
import { complaint } from "./complaint.ts";
import { outcomeOf } from "./outcome.ts";

const silentTalk = new URL("./programs/silent-talk.mjs", import.meta.url);
const talkWithSecrets = new URL("./programs/talk-with-secrets.mjs", import.meta.url);
const unheardErrors = new URL("./programs/unheard-errors.mjs", import.meta.url);

complaint(39, "the log is on, as ever, and never holds what was sent", {
  ours: { logs: true, leaks: false },
  seenOn: { "node-ipc@9.2.1": { logs: true, leaks: true } },
  fineOn: ["node-ipc@14.0.0"],
  scenario: (scene) => outcomeOf(scene, talkWithSecrets),
});

complaint(39, "logPayloads puts it there", {
  ours: { logs: true, leaks: true },
  fineOn: ["node-ipc@14.0.0"],
  scenario: (scene) =>
    outcomeOf(scene, talkWithSecrets, { options: { config: { logPayloads: true } } }),
});

complaint(39, "silent costs nothing: no line is made, and no data looked at for one", {
  ours: { lines: 0, looks: { toJSON: 2, inspect: 0, toString: 0 } },
  fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
  scenario: (scene) => outcomeOf(scene, silentTalk),
});

complaint(31, "an error that nobody listens for is logged, and ends nothing", {
  ours: { code: 0, signal: null },
  fineOn: ["node-ipc@9.2.1", "node-ipc@14.0.0"],
  scenario: async ({ programs, implementation }) => {
    const program = programs.start(unheardErrors, { implementation });
    await program.next("logged");
    return program.exit;
  },
});
