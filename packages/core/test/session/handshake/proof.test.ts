import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  keyOfProof,
  type ProofContext,
  proofBytes,
  proofKeys,
  prove,
  type Secret,
  Transcript,
} from "../../../src/session/handshake/proof.ts";

const secret = "a secret of random bytes";
const [key] = proofKeys(secret);

function transcript(...parts: readonly string[]): Transcript {
  const all = new Transcript();
  for (const part of parts) all.add(Buffer.from(part));
  return all;
}

const context = (changes: Partial<ProofContext> = {}): ProofContext => ({
  role: "client",
  transcript: transcript("all that was said"),
  ...changes,
});

describe("a proof", () => {
  test("is these bytes", () => {
    // Computed with Python's hmac and hashlib.
    expect(prove(key, context()).toString("hex")).toBe(
      "f04264b944b2ec2aa8a4b38debe8a9637aa37b5c5a4060c8f56475f482350c6f",
    );
    const bound = context({ role: "server", channelBinding: Uint8Array.of(1, 2, 3) });
    expect(prove(key, bound).toString("hex")).toBe(
      "db5f7c56b2b1add692b3ff9ff60f0e03d2af8fc99efa1057b913b89341496372",
    );
  });

  test("holds for its key, role, transcript and connection, and for no other", () => {
    const proof = prove(key, context());
    expect(keyOfProof([key], proof, context())).toBe(key);
    expect(keyOfProof(proofKeys(`${secret}!`), proof, context())).toBeUndefined();
    for (const other of [
      context({ role: "server" }),
      context({ transcript: transcript("all that was said", "!") }),
      context({ channelBinding: Uint8Array.of(1) }),
    ]) {
      expect(keyOfProof([key], proof, other)).toBeUndefined();
    }
  });

  test("does not depend on the pieces of the transcript, and may be asked for time and again", () => {
    const said = transcript("all that", " was said");
    expect(prove(key, context({ transcript: said }))).toEqual(prove(key, context()));
    said.add(Buffer.from("!"));
    const more = context({ transcript: transcript("all that was said!") });
    expect(prove(key, context({ transcript: said }))).toEqual(prove(key, more));
  });

  test("of another length, or with any bit turned, is none", () => {
    const proof = prove(key, context());
    expect(proof).toHaveLength(proofBytes);
    for (const length of [0, 1, proofBytes - 1]) {
      expect(keyOfProof([key], proof.subarray(0, length), context())).toBeUndefined();
    }
    expect(keyOfProof([key], Buffer.concat([proof, proof]), context())).toBeUndefined();
    for (let bit = 0; bit < proofBytes * 8; bit += 1) {
      const turned = Buffer.from(proof);
      turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(keyOfProof([key], turned, context())).toBeUndefined();
    }
  });

  test("is found with any of several keys", () => {
    const keys = proofKeys(["the first secret of all", secret, "the last secret of all"]);
    for (const each of keys) {
      expect(keyOfProof(keys, prove(each, context()), context())).toBe(each);
    }
  });
});

describe("a secret", () => {
  test("is text or the same as bytes", () => {
    const proofs = [secret, Buffer.from(secret), new Uint8Array(Buffer.from(secret)), [secret]].map(
      (each) => prove(proofKeys(each)[0], context()).toString("hex"),
    );
    expect(new Set(proofs).size).toBe(1);
  });

  test.each<[string, unknown]>([
    ["text of 15 bytes", "x".repeat(15)],
    ["bytes that are 15", new Uint8Array(15)],
    ["a short one among others", [secret, "short"]],
    ["an empty list", []],
    ["no text", 1234567890123456],
    ["a list of no texts", [undefined]],
  ])("%s is a mistake", (_name, wrong) => {
    expect(() => proofKeys(wrong as Secret)).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG" }),
    );
  });

  test("counts in bytes, and is not in the message", () => {
    expect(() => proofKeys("ü".repeat(8))).not.toThrow();
    expect(() => proofKeys("hunter2")).toThrow(/^(?!.*hunter2)/);
  });

  test("does not show when its key is logged", () => {
    const shown = inspect(proofKeys("0123456789abcdef"), { depth: null, showHidden: true });
    expect(shown).not.toContain("0123456789abcdef");
    expect(shown).not.toMatch(/[0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2}/);
  });
});
