// The bytes that travel as one message. Every 4 KiB carry the number of the message and their place in
// it, which the receiver checks in every message while the clock runs. Comparing all bytes would take
// longer than moving them, so every 16th message is compared whole.
const strideBytes = 4096;
const comparedWhole = 16;

function filler(size) {
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  return bytes;
}

function stamp(bytes, sequence) {
  for (let at = 0; at < bytes.length; at += strideBytes) {
    bytes.writeUInt32LE(sequence, at);
    bytes.writeUInt32LE(at, at + 4);
  }
  return bytes;
}

/** Makes messages from so many buffers in turns: one is used again when its message has arrived. */
export class BlobMaker {
  #buffers;

  constructor(size, count) {
    this.#buffers = Array.from({ length: count }, () => filler(size));
  }

  make(sequence) {
    return stamp(this.#buffers[sequence % this.#buffers.length], sequence);
  }
}

export class BlobChecker {
  #expected;

  constructor(size) {
    this.#expected = filler(size);
  }

  /** @returns what is wrong with the message of this number; undefined: nothing */
  complaint(data, sequence) {
    const size = this.#expected.length;
    if (!(data instanceof Uint8Array)) return `expected bytes, got ${typeof data}`;
    if (data.length !== size) return `${data.length} bytes instead of ${size}`;
    const bytes = Buffer.from(data.buffer, data.byteOffset, size);
    for (let at = 0; at < size; at += strideBytes) {
      if (bytes.readUInt32LE(at) !== sequence || bytes.readUInt32LE(at + 4) !== at) {
        return `message ${sequence} is another one at byte ${at}`;
      }
    }
    if (sequence % comparedWhole !== 0) return undefined;
    return bytes.equals(stamp(this.#expected, sequence))
      ? undefined
      : `message ${sequence} came out changed`;
  }
}
