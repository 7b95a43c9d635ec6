import fc from "fast-check";
import { type Address, formatAddress, isMyelinError, parseAddress } from "myelin";
import { describe, expect, test } from "vitest";

const readings: readonly [text: string, address: Address][] = [
  ["local:world", { scheme: "local", name: "world" }],
  ["local:a.b_c-9", { scheme: "local", name: "a.b_c-9" }],
  ["unix:/run/world.sock", { scheme: "unix", path: "/run/world.sock" }],
  ["unix:/with space:and colon", { scheme: "unix", path: "/with space:and colon" }],
  ["unix:@world", { scheme: "unix", path: "world", abstract: true }],
  ["pipe:world", { scheme: "pipe", path: "\\\\.\\pipe\\world" }],
  ["tcp://example.org:80", { scheme: "tcp", host: "example.org", port: 80 }],
  ["tcp://127.0.0.1:0", { scheme: "tcp", host: "127.0.0.1", port: 0 }],
  ["tls://[::1]:65535", { scheme: "tls", host: "::1", port: 65_535 }],
  ["udp://[fe80::1%eth0]:53", { scheme: "udp", host: "fe80::1%eth0", port: 53 }],
  ["memory:any name at all", { scheme: "memory", name: "any name at all" }],
  ["fd:3", { scheme: "fd", fd: 3 }],
  ["systemd:", { scheme: "systemd" }],
  ["systemd:world.socket", { scheme: "systemd", name: "world.socket" }],
  ["port:", { scheme: "port" }],
  ["ipc:", { scheme: "ipc" }],
  ["stdio:", { scheme: "stdio" }],
];

test.each(readings)("%s is read and written", (text, address) => {
  expect(parseAddress(text)).toEqual(address);
  expect(formatAddress(address)).toBe(text);
});

test.each([
  ["unix:///run/world.sock", "unix:/run/world.sock"],
  ["pipe:\\\\.\\pipe\\world", "pipe:world"],
  ["tcp://LOCALHOST:0080", "tcp://LOCALHOST:80"],
  ["fd:03", "fd:3"],
])("%s is another way to write %s", (text, usual) => {
  expect(formatAddress(parseAddress(text))).toBe(usual);
});

describe("what is wrong is said", () => {
  test.each([
    ["", "starts with none of"],
    ["world", "starts with none of"],
    ["http://example.org:80", "starts with none of"],
    ["local:", "letters, digits"],
    ["local:../up", "letters, digits"],
    ["local:.hidden", "letters, digits"],
    ["unix:", "must be absolute"],
    ["unix:relative", "must be absolute"],
    ["unix:@", "name is missing"],
    ["unix:/run/", "names a folder"],
    ["unix:/a\0b", "NUL"],
    ["pipe:", "name is missing"],
    ["pipe:a\\b", "backslash"],
    ["tcp:localhost:80", "scheme://host:port"],
    ["tcp://localhost", "scheme://host:port"],
    ["tcp://::1:80", "in brackets"],
    ["tcp://:80", "host is missing"],
    ["tcp://[]:80", "host is missing"],
    ["tcp://[localhost]:80", "only an IPv6 address"],
    ["tcp://user@localhost:80", "no host has"],
    ["tcp://localhost:", "port must be"],
    ["tcp://localhost:65536", "port must be"],
    ["tcp://localhost:-1", "port must be"],
    ["tcp://localhost:80/path", "port must be"],
    ["tls://localhost:8 0", "port must be"],
    ["memory:", "name is missing"],
    ["fd:", "number of the descriptor"],
    ["fd:-1", "number of the descriptor"],
    ["fd:three", "number of the descriptor"],
    ["fd:3x", "number of the descriptor"],
    ["fd:1234567890", "number of the descriptor"],
    ["systemd:a:b", "no colon"],
    ["systemd:\n", "no colon"],
    [`systemd:${"x".repeat(256)}`, "255"],
    ["port:1", "nothing follows"],
    ["ipc:parent", "nothing follows"],
    ["stdio:0", "nothing follows"],
    ["over:", "over(connection)"],
  ])("%j", (text, what) => {
    expect(() => parseAddress(text)).toThrow(
      expect.objectContaining({
        code: "ERR_INVALID_ADDRESS",
        message: expect.stringContaining(what),
        address: text,
      }),
    );
  });

  test("an address that is none", () => {
    expect(() => formatAddress("tcp://localhost:80" as unknown as Address)).toThrow(
      expect.objectContaining({
        code: "ERR_INVALID_ADDRESS",
        message: expect.stringContaining("parseAddress"),
      }),
    );
  });
});

test("a connection that the program made itself can be told, and not read", () => {
  expect(formatAddress({ scheme: "over" })).toBe("over:");
});

test("any text is read or refused with a code, and what was read is written the same way", () => {
  const scheme = fc.constantFrom(
    "local:",
    "unix:",
    "unix:/",
    "pipe:",
    "tcp://",
    "udp://[",
    "memory:",
    "fd:",
    "systemd:",
    "port:",
  );
  const text = fc.oneof(
    fc.string(),
    fc.tuple(scheme, fc.string()).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        const address = parseAddress(given);
        expect(parseAddress(formatAddress(address))).toEqual(address);
      } catch (error) {
        if (!isMyelinError(error)) throw error;
        expect(error.code).toBe("ERR_INVALID_ADDRESS");
      }
    }),
    { numRuns: 2000 },
  );
});
