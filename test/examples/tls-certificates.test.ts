// The openssl recipe of the examples: the commands in the README are those that run, and what they make works.
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeCertificates, recipe } from "../../examples/tls-certificates/make.mjs";

const folder = mkdtempSync(join(tmpdir(), "recipe-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the README has the commands that the script runs", () => {
  const readme = new URL("../../examples/tls-certificates/README.md", import.meta.url);
  const commands = readFileSync(readme, "utf8").match(/^openssl .*$/gm);
  expect(commands).toEqual(recipe);
});

test("makes a server's and a client's certificate that the authority vouches for", () => {
  const made = makeCertificates(join(folder, "made"));
  const [authority, server, client] = [made.ca, made.server.cert, made.client.cert].map(
    (path) => new X509Certificate(readFileSync(path)),
  );
  expect(authority?.ca).toBe(true);
  for (const certificate of [server, client]) {
    expect(certificate?.verify(authority!.publicKey)).toBe(true);
    expect(certificate?.ca).toBe(false);
  }
  expect(server?.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(server?.checkHost("localhost")).toBe("localhost");
  expect(server?.checkHost("example.com")).toBeUndefined();
  expect(client?.subject).toBe("CN=ada");
});

test("can be run again over what it made before", () => {
  const again = join(folder, "again");
  makeCertificates(again);
  const first = readFileSync(makeCertificates(again).server.cert, "utf8");
  expect(readFileSync(makeCertificates(again).server.cert, "utf8")).not.toBe(first);
});
