// A server in a process of its own, that answers, takes and gives as much as it is asked to.
const { serve } = await import(process.env.MYELIN_CORE);
const { address, options } = JSON.parse(process.env.SERVER_OPTIONS);

const server = await serve(address, options);
server.handle("echo", (data) => data);
server.handle("length", (data) => data.length);
server.handle("give", (length) => Buffer.alloc(length, 1));
server.handle("take", async (items) => {
  let bytes = 0;
  for await (const item of items) bytes += item.length;
  return bytes;
});
server.handle("stream", async function* ({ items, bytes }) {
  for (let n = 0; n < items; n += 1) yield Buffer.alloc(bytes, n);
});
process.send(server.address);
