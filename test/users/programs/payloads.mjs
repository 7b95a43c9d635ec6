// Sends every kind of data that JSON bends, both ways; reports what arrives and what is on the wire.
import { once } from "node:events";
import { connect } from "node:net";
import { ipc, options, report } from "../../support/load-node-ipc.cjs";
import { listening } from "./listening.mjs";

const payloads = {
  empty: "",
  null: null,
  undefined,
  NaN: Number.NaN,
  zero: 0,
  false: false,
  emitter: { _maxListeners: 5, kept: "?" },
  nested: { empty: "", null: null, list: [null, "", 0] },
};

Object.assign(ipc.config, { id: "payloads", maxRetries: 0 }, options.config);
ipc.serve();
const toServer = {};
for (const name of Object.keys(payloads)) {
  ipc.server.on(name, (data) => {
    toServer[name] = data;
  });
}
ipc.server.on("fence", (_data, socket) => {
  for (const [name, data] of Object.entries(payloads)) ipc.server.emit(socket, name, data);
  ipc.server.emit(socket, "fence");
});
await listening();

ipc.connectTo("payloads");
const client = ipc.of.payloads;
const toClient = {};
for (const name of Object.keys(payloads)) {
  client.on(name, (data) => {
    toClient[name] = data;
  });
}
client.on("connect", () => {
  for (const [name, data] of Object.entries(payloads)) client.emit(name, data);
  client.emit("fence");
});
await new Promise((resolve) => client.on("fence", resolve));

const peer = connect(ipc.server.path).setEncoding("utf8");
await once(peer, "connect");
let wire = "";
peer.on("data", (text) => {
  wire += text;
  if (!wire.endsWith(`{"type":"fence","data":{}}\f`)) return;
  report("arrived", { toServer, toClient, frames: wire.split("\f").slice(0, -2) });
  process.exit();
});
peer.write(`{"type":"fence"}\f`);
