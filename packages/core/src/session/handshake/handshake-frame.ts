/** The frames up to the welcome. Each holds fields; `docs/protocol-myelin.md` says which. */
import { MyelinError } from "../../errors.ts";
import { Fields } from "../../framing/fields.ts";
import { frameHeaderBytes, writeFrameHeader } from "../../framing/length-prefix.ts";
import { limits } from "../../limits.ts";
import type { Transcript } from "./proof.ts";

export const handshakeKind = {
  hello: 0x01,
  challenge: 0x02,
  proof: 0x03,
  welcome: 0x04,
  refuse: 0x05,
} as const;

/**
 * The largest frame of a handshake, its kind included: who comes in is decided later, and a stranger
 * must not make us hold more.
 */
export const maxHandshakeFrameBytes: number = limits.maxHelloBytes;

/** @throws {MyelinError} `ERR_TOO_LARGE`, so that the peer need not say it. */
export function handshakeFrame(kind: number, fields: Fields): Buffer {
  const payload = fields.write();
  if (payload.length + 1 > maxHandshakeFrameBytes) {
    throw new MyelinError("ERR_TOO_LARGE", `a handshake exceeds ${maxHandshakeFrameBytes} bytes`);
  }
  const frame = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  frame.set(payload, writeFrameHeader(frame, 0, kind, payload.length));
  return frame;
}

/** The only field of a client's proof, and the last of a welcome: what it covers stands before it. */
export function proofField(proof: Uint8Array): Buffer {
  return new Fields().setBytes("proof", proof).write();
}

/** The frame that holds `payload`, for the transcript; it need not come from this side. */
export function addFrame(transcript: Transcript, kind: number, payload: Uint8Array): void {
  const header = Buffer.allocUnsafe(frameHeaderBytes);
  writeFrameHeader(header, 0, kind, payload.length);
  transcript.add(header);
  transcript.add(payload);
}
