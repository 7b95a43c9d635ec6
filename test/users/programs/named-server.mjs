// Listens at a path when it is told to, greets every client with its name, and says whether it may listen.
import { ipc, onCommand, options, report } from "../../support/load-node-ipc.cjs";

Object.assign(ipc.config, options.config);

function serve(path) {
  const begun = performance.now();
  let listens = false;
  ipc.serve(path, () => {
    listens = true;
    report("started", { tookMs: performance.now() - begun });
  });
  // Once it listens, errors are those of clients that leave early.
  ipc.server.on("error", ({ code, message }) => {
    if (!listens) report("refused", { code, text: message });
  });
  ipc.server.on("connect", (socket) => ipc.server.emit(socket, "name", options.name));
  try {
    ipc.server.start();
  } catch ({ code, message }) {
    report("refused", { code, text: message });
  }
}

function stop() {
  for (const socket of ipc.server.sockets) socket.destroy();
  ipc.server.server.once("close", () => report("stopped"));
  ipc.server.stop();
}

if (options.path) serve(options.path);
onCommand((command) => (command.serve ? serve(command.serve) : stop()));
