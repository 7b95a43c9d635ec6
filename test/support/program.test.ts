import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect } from "vitest";
import { freePort, withFreePort } from "./free-port.ts";
import { realImplementations } from "./implementations.ts";
import { Programs, test } from "./program.ts";

const echoServer = new URL("./fixtures/echo-server.mjs", import.meta.url);
const echoClient = new URL("./fixtures/echo-client.mjs", import.meta.url);

describe("programs under a chosen implementation", () => {
  test.for(realImplementations)("%s talks to itself", async (implementation, { programs }) => {
    const server = programs.start(echoServer, { implementation });
    await server.next("started");
    const client = programs.start(echoClient, { implementation, options: { data: { n: 1 } } });
    expect(await client.next("echo")).toEqual({ type: "echo", data: { n: 1 }, missing: undefined });
    expect(await client.exit).toEqual({ code: 0, signal: null });
  });

  test("reports stay for whoever asks for them", async ({ programs }) => {
    const server = programs.start(echoServer, { implementation: "node-ipc@9.2.1" });
    const never = server.next("something else");
    const started = await server.next(({ type }) => type.startsWith("sta"));
    expect(started).toMatchObject({ path: `${programs.socketRoot}app.echo` });
    server.send({ exit: 7 });
    await expect(never).rejects.toThrow(/echo-server.mjs on node-ipc@9.2.1 ended before it/);
    expect(await server.exit).toEqual({ code: 7, signal: null });
    await expect(server.next("late")).rejects.toThrow("exit: code 7, signal null");
  });

  test("a deadline names what was awaited and what came instead", async ({ programs }) => {
    const server = programs.start(echoServer, { implementation: "node-ipc@9.2.1" });
    await server.next((report) => report.type === "started");
    await expect(server.next("nothing", 1)).rejects.toThrow(/did not report "nothing" within 1 ms/);
  });

  test("a crash that the test does not look at fails it, and nothing is left behind", async () => {
    const programs = await Programs.open();
    const server = programs.start(echoServer, { implementation: "node-ipc@9.2.1" });
    await server.next("started");
    const bystander = programs.start(echoServer, {
      implementation: "node-ipc@9.2.1",
      options: { id: "other" },
    });
    await bystander.next("started");
    server.send({ crash: true });
    await expect(server.next("anything")).rejects.toThrow("told to crash");

    await expect(programs[Symbol.asyncDispose]()).rejects.toThrow("failed while the test looked");
    expect(await bystander.exit).toEqual({ code: null, signal: "SIGKILL" });
    expect(existsSync(programs.socketRoot)).toBe(false);
  });
});

describe("free ports", () => {
  test.for(["tcp", "udp4", "udp6"] as const)("%s: can be bound", async (kind) => {
    expect(await freePort(kind)).toBeGreaterThan(0);
  });

  test("somebody else was faster: another one", async () => {
    const tried: number[] = [];
    const port = await withFreePort("tcp", async (free) => {
      tried.push(free);
      const blocker = createServer();
      try {
        await new Promise<void>((resolve, reject) => {
          blocker.once("error", reject).listen(free, "127.0.0.1", resolve);
        });
        if (tried.length < 3) throw Object.assign(new Error("taken"), { code: "EADDRINUSE" });
        return free;
      } finally {
        blocker.close();
      }
    });
    expect(tried).toHaveLength(3);
    expect(port).toBe(tried[2]);
  });
});
