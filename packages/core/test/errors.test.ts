import { isMyelinError, MyelinError, toMyelinError } from "myelin";
import { describe, expect, test } from "vitest";
import { hintFor, lineOfThrown } from "../src/errors.ts";

function systemError(code: string, message = `connect ${code}`): Error {
  return Object.assign(new Error(message), { code });
}

describe("an error of the library", () => {
  test("has a code, a name, and what it was told", () => {
    const cause = new Error("why");
    const error = new MyelinError("ERR_TLS", "no", { cause, address: "tls://host:1" });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "MyelinError",
      code: "ERR_TLS",
      message: "no",
      cause,
      address: "tls://host:1",
    });
    expect(String(error)).toBe("MyelinError: no");
    expect("cause" in new MyelinError("ERR_TLS", "no")).toBe(false);
  });

  test("of a call tells whether it ran, and any other error says nothing of calls", () => {
    const remote = { name: "Error", message: "no" };
    expect(new MyelinError("ERR_REMOTE", "no", { ran: "yes", remote })).toMatchObject({
      ran: "yes",
      remote,
    });
    const other = new MyelinError("ERR_TLS", "no");
    expect([other.ran, other.remote]).toEqual([undefined, undefined]);
    expect(Object.keys(other)).not.toContain("ran");
    expect(Object.keys(other)).not.toContain("remote");
  });

  test("is known across copies of the library", () => {
    const fromAnotherCopy = Object.assign(Object.create({ [Symbol.for("myelin.error")]: true }));
    expect(isMyelinError(fromAnotherCopy)).toBe(true);
    expect(isMyelinError(new MyelinError("ERR_TLS", "no"))).toBe(true);
    for (const other of [new Error("no"), { code: "ERR_TLS" }, null, undefined, "no", 0]) {
      expect(isMyelinError(other)).toBe(false);
    }
  });

  test("is what anything thrown becomes", () => {
    const error = new MyelinError("ERR_TLS", "no");
    expect(toMyelinError(error)).toBe(error);
    expect(toMyelinError("text")).toMatchObject({ code: "ERR_TRANSPORT", message: "text" });
    expect(toMyelinError(undefined)).toMatchObject({ code: "ERR_TRANSPORT", message: "undefined" });
    const plain = new TypeError("odd");
    expect(toMyelinError(plain)).toMatchObject({
      code: "ERR_TRANSPORT",
      message: "odd",
      cause: plain,
    });
    const abort = new DOMException("stop", "AbortError");
    expect(toMyelinError(abort)).toMatchObject({ code: "ERR_ABORTED", cause: abort });
  });
});

describe("the line of what was thrown", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const mute = Object.defineProperty(new Error("any"), "message", {
    get: () => JSON.parse("no message") as never,
  });

  test.each<[string, unknown, string]>([
    ["an error", new TypeError("odd"), "odd"],
    ["an error of many lines", new Error("one\ntwo"), "one"],
    ["an error that says nothing", new Error(), ""],
    ["a text", "text\nmore", "text"],
    ["nothing", undefined, "undefined"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["an error whose message is none", Object.assign(new Error(), { message: 5 }), "5"],
    ["an error whose message throws", mute, "what was thrown has no text"],
    ["no text", Object.create(null), "what was thrown has no text"],
    ["what cannot be looked at", proxy, "what was thrown has no text"],
  ])("%s", (_, thrown, line) => {
    expect(lineOfThrown(thrown)).toBe(line);
  });
});

describe("an error of the system", () => {
  test.each([
    ["EADDRINUSE", "ERR_ADDRESS_IN_USE"],
    ["ECONNREFUSED", "ERR_CONNECTION_REFUSED"],
    ["ECONNRESET", "ERR_CONNECTION_LOST"],
    ["EPIPE", "ERR_CONNECTION_LOST"],
    ["ENOENT", "ERR_NOT_FOUND"],
    ["ENOTFOUND", "ERR_NOT_FOUND"],
    ["EACCES", "ERR_PERMISSION"],
    ["EMSGSIZE", "ERR_TOO_LARGE"],
    ["ETIMEDOUT", "ERR_TIMEOUT"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "ERR_TLS"],
    ["ERR_SSL_SOMETHING_NEW", "ERR_TLS"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "ERR_TLS"],
    ["EMFILE", "ERR_TRANSPORT"],
    ["constructor", "ERR_TRANSPORT"],
    ["__proto__", "ERR_TRANSPORT"],
  ])("%s becomes %s and stays as the cause", (errno, code) => {
    const cause = systemError(errno);
    expect(toMyelinError(cause, { address: "unix:/x" })).toMatchObject({
      code,
      cause,
      address: "unix:/x",
    });
  });

  test("says what to try next", () => {
    for (const errno of ["ECONNREFUSED", "ENOTSOCK", "EOPNOTSUPP", "ENOTSUP"]) {
      expect(toMyelinError(systemError(errno)).message).toMatch(
        /^connect \w+ \(.*(volume|TCP|mount)/,
      );
    }
    expect(hintFor("EPERM")).toContain("readableAll");
    const ofFile = Object.assign(systemError("EPERM"), { syscall: "unlink" });
    expect(toMyelinError(ofFile).message).toBe(ofFile.message);
    const ofSpawn = Object.assign(systemError("EPERM"), { syscall: "spawn x" });
    expect(toMyelinError(ofSpawn).message).toBe(ofSpawn.message);
    expect(hintFor("UNABLE_TO_VERIFY_LEAF_SIGNATURE")).toContain("`ca`");
    expect(hintFor("constructor")).toBeUndefined();
    expect(hintFor(undefined)).toBeUndefined();
  });

  test("of a host with several addresses tells all of them", () => {
    const causes = [systemError("ECONNREFUSED", "first"), systemError("ECONNREFUSED", "second")];
    const error = Object.assign(new AggregateError(causes), { code: "ECONNREFUSED" });
    expect(toMyelinError(error)).toMatchObject({
      code: "ERR_CONNECTION_REFUSED",
      message: expect.stringMatching(/^first; second \(/),
    });
  });
});
