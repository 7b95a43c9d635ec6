// Texts too long to be sent to a program and back: both sides of a test make them, and compare their digests.
import { createHash } from "node:crypto";

/** About so many bytes in UTF-8: ASCII, or with characters of one to four bytes at every offset. */
export function longText({ bytes, ascii }) {
  const line = ascii ? "0123456789 abcdefghijklmnop\n" : "0123456789 abcdef é€😀 \n";
  return line.repeat(Math.ceil(bytes / Buffer.byteLength(line)));
}

/** What differs when two long texts do. */
export function digest(text) {
  const sha256 = createHash("sha256").update(text).digest("hex");
  return { length: text.length, sha256, start: text.slice(0, 32), end: text.slice(-32) };
}
