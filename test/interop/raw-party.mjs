// Raw data on both sides of several channels at once, each with an instance of its own, because encoding and rawBuffer
// are configured per instance. The client says its values, the server answers with them all, both report what they heard.
import { ipc, options, report } from "../support/load-node-ipc.cjs";

/** `role` is "server" or "client"; a channel is { name, kind, host, port, ownPort, encoding, values }. */
export function openChannels(role) {
  for (const channel of options.channels) {
    const instance = new ipc.IPC();
    Object.assign(instance.config, {
      ...{ silent: true, socketRoot: ipc.config.socketRoot, id: channel.encoding },
      ...{ rawBuffer: true, encoding: channel.encoding },
    });
    open[role](instance, channel);
  }
}

const open = {
  server(instance, channel) {
    const { kind, host, port } = channel;
    if (kind === "unix") instance.serve();
    else if (kind === "tcp") instance.serveNet(host, port);
    else instance.serveNet(host, port, kind);
    const { server } = instance;
    let speaker;
    const hear = listen(channel, () => say(channel, (value) => server.emit(speaker, value)));
    server.on("data", (bytes, socket) => {
      speaker = socket;
      hear(bytes);
    });
    // A UDP server is bound when it says "connect", another one when it says "start".
    server.on(kind.startsWith("udp") ? "connect" : "start", () => report("started"));
    reportErrors(server, channel);
    server.start();
  },

  client(instance, channel) {
    const { kind, host, port, ownPort, encoding } = channel;
    if (kind.startsWith("udp")) {
      instance.serveNet(host, ownPort, kind);
      const { server } = instance;
      server.on("data", listen(channel));
      server.on("connect", () =>
        say(channel, (value) => server.emit({ address: host, port }, value)),
      );
      reportErrors(server, channel);
      server.start();
      return;
    }
    if (kind === "unix") instance.connectTo(encoding);
    else instance.connectToNet(encoding, host, port);
    const client = instance.of[encoding];
    reportErrors(client, channel);
    client.on("data", listen(channel));
    client.on("connect", () => say(channel, (value) => client.emit(value)));
  },
};

function reportErrors(endpoint, { name }) {
  endpoint.on("error", ({ code, message }) => report("error", { name, code, message }));
}

/** Values are text in the channel's encoding, or bytes. */
function say({ values }, emit) {
  for (const { text, base64, times = 1 } of values) {
    for (let n = 0; n < times; n++) emit(text ?? Buffer.from(base64, "base64"));
  }
}

/** A `data` handler that reports as many bytes as the other side says, however they were split. */
function listen({ name, length }, done) {
  const chunks = [];
  return (bytes) => {
    if (!Buffer.isBuffer(bytes)) throw new TypeError(`data is not a Buffer: ${typeof bytes}`);
    chunks.push(bytes);
    const heard = Buffer.concat(chunks);
    if (heard.length < length) return;
    report("heard", { name, bytes: heard });
    done?.();
  };
}
