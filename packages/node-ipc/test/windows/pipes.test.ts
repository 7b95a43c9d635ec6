// Named pipes of Windows, under the names that every node-ipc gives them. `npm run test:windows`
// runs this file under Wine.
import { randomUUID } from "node:crypto";
import net from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientOf, collect, connectLocal, next, open, serveLocal } from "../scenario.ts";
import type { Config, Ipc } from "../versions.ts";

/** An instance as users have it, `/tmp/` and all; pipes share one room, so the id is our own. */
function openWith(id: string, config: Partial<Config> = {}): Ipc {
  return open(undefined, { socketRoot: "/tmp/", id, ...config });
}

function freshId(): string {
  return `world-${randomUUID()}`;
}

/** A server of Node alone, to see by which name a client looks for it. */
async function plainServer(name: string): Promise<net.Server> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(name, resolve));
  onTestFinished(() => {
    server.close();
  });
  return server;
}

async function opened(socket: net.Socket): Promise<void> {
  onTestFinished(() => {
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
}

describe.skipIf(process.platform !== "win32")("named pipes", () => {
  test("a server's path becomes a pipe: no first slash, the others as dashes", async () => {
    const id = freshId();
    const server = await serveLocal(openWith(id));
    expect(server.path).toBe(`\\\\.\\pipe\\tmp-app.${id}`);
    expect(server.server.address()).toBe(`\\\\.\\pipe\\tmp-app.${id}`);
    await opened(net.connect(`\\\\.\\pipe\\tmp-app.${id}`));
  });

  test("a client looks for the same name", async () => {
    const id = freshId();
    const server = await plainServer(`\\\\.\\pipe\\tmp-app.${id}`);
    const accepted = new Promise((resolve) => server.once("connection", resolve));
    await connectLocal(openWith("client"), id);
    expect(await accepted).toBeInstanceOf(net.Socket);
  });

  test("a path given by the program is mapped, a full pipe name is left as it is", async () => {
    const id = freshId();
    const mapped = await serveLocal(openWith("mapped"), `/var/run/${id}.sock`);
    expect(mapped.server.address()).toBe(`\\\\.\\pipe\\var-run-${id}.sock`);
    const literal = await serveLocal(openWith("literal"), `\\\\.\\pipe\\${id}/as/it/is`);
    expect(literal.server.address()).toBe(`\\\\.\\pipe\\${id}/as/it/is`);

    const client = await connectLocal(openWith("client"), "mapped", `/var/run/${id}.sock`);
    const heard = next(mapped, "hello");
    client.emit("hello", "by path");
    expect((await heard)[0]).toBe("by path");
  });

  test("messages go both ways, in order, with everything that JSON holds", async () => {
    const id = freshId();
    const server = await serveLocal(openWith(id));
    server.on("ask", (data: unknown, socket: unknown) => {
      server.emit(socket, "answer", data);
    });
    const client = await connectLocal(openWith("client"), id);
    const answers = collect(client, "answer");
    const sent = [0, "", null, false, "grüße \u{1F600} \f", { a: [1, { b: null }] }];
    for (const data of sent) client.emit("ask", data);
    await answers.atLeast(sent.length);
    expect(answers.data).toEqual(sent);
  });

  test("broadcast reaches every client", async () => {
    const id = freshId();
    const server = await serveLocal(openWith(id));
    const accepted = collect(server, "connect");
    const clients = [];
    for (let n = 0; n < 5; n += 1) clients.push(await connectLocal(openWith(`client ${n}`), id));
    await accepted.atLeast(5);
    const heard = clients.map((client) => next(client, "news"));
    server.broadcast("news", { to: "all" });
    expect((await Promise.all(heard)).map(([data]) => data)).toEqual(
      Array.from({ length: 5 }, () => ({ to: "all" })),
    );
  });

  test("a client finds a server that comes later, and one that was restarted", async () => {
    const id = freshId();
    const connecting = openWith("client");
    connecting.connectTo(id);
    const client = clientOf(connecting, id);
    const [missing] = await next<[NodeJS.ErrnoException]>(client, "error");
    expect(missing.code).toBe("ENOENT");
    client.emit("early", 1);

    const connected = next(client, "connect");
    const first = openWith(id);
    first.serve();
    const early = next(first.server, "early");
    first.server.start();
    await connected;
    expect((await early)[0]).toBe(1);

    const disconnected = next(client, "disconnect");
    first.server.stop();
    await disconnected;
    client.emit("between", 2);

    const second = openWith(id);
    second.serve();
    const between = next(second.server, "between");
    second.server.start();
    expect((await between)[0]).toBe(2);
  });

  test("a message of 8 MiB arrives whole, both ways", async () => {
    const id = freshId();
    const server = await serveLocal(openWith(id));
    server.on("large", (data: unknown, socket: unknown) => {
      server.emit(socket, "large", data);
    });
    const client = await connectLocal(openWith("client"), id);
    const text = "0123456789abcdef".repeat((8 * 1024 * 1024) / 16);
    const answer = next<[string]>(client, "large");
    client.emit("large", text);
    const [back] = await answer;
    // Compared here: a failing matcher would print both.
    expect(back === text).toBe(true);
  });

  test("raw buffers pass as they are", async () => {
    const id = freshId();
    const server = await serveLocal(openWith(id, { rawBuffer: true, encoding: "hex" }));
    const client = await connectLocal(openWith("client", { rawBuffer: true, encoding: "hex" }), id);
    const heard = next<[Buffer]>(server, "data");
    client.emit("00ff0c");
    expect((await heard)[0]).toEqual(Buffer.from("00ff0c", "hex"));
  });

  test("what was emitted before flush and close arrives before the end", async () => {
    const id = freshId();
    const server = await serveLocal(openWith(id));
    const heard = collect(server, "count");
    const gone = next(server, "socket.disconnected");
    const client = await connectLocal(openWith("client"), id);
    for (let n = 0; n < 1_000; n += 1) client.emit("count", n);
    await client.flush();
    for (let n = 1_000; n < 2_000; n += 1) client.emit("count", n);
    await client.close();
    await gone;
    expect(heard.data).toEqual(Array.from({ length: 2_000 }, (_, n) => n));
  });

  test("stop frees the name, and each client hears that its connection ended", async () => {
    const id = freshId();
    const serving = openWith(id);
    const server = await serveLocal(serving);
    const accepted = next(server, "connect");
    const client = await connectLocal(openWith("client", { maxRetries: 0 }), id);
    await accepted;
    const ended = next(client, "disconnect");
    const last = next(client, "last");
    server.broadcast("last", "word");
    server.stop();
    expect((await last)[0]).toBe("word");
    await ended;
    await expect(opened(net.connect(`\\\\.\\pipe\\tmp-app.${id}`))).rejects.toMatchObject({
      code: "ENOENT",
    });
  });
});
