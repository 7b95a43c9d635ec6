/**
 * The numbers of the wire, version 1: `docs/protocol-myelin.md` says what each frame holds.
 */

/** Kinds of frames that travel once the session stands. */
export const frameKind = {
  batch: 0x10,
  message: 0x11,
  opening: 0x12,
  fragment: 0x13,
  name: 0x14,
  items: 0x15,
  ping: 0x20,
  pong: 0x21,
  ack: 0x22,
  goodbye: 0x23,
} as const;

/** Below: a kind that the reader must know. From here on it may skip what it does not know. */
export const firstIgnorableKind = 0x80;
/** Ignorable kinds from here on are counted, as {@link isCounted} says. */
const firstCountedIgnorableKind = 0xc0;

/** Whether both sides number this frame, so that it is acknowledged and can be sent again. */
export function isCounted(kind: number): boolean {
  return (kind >= 0x10 && kind < 0x20) || kind >= firstCountedIgnorableKind;
}

/** What a message is; the low four bits of an entry's tag. */
export const entryKind = {
  event: 1,
  call: 2,
  result: 3,
  error: 4,
  cancel: 5,
  item: 6,
  end: 7,
  fail: 8,
  stop: 9,
  credit: 10,
} as const;

/** Where the data of a message is; bits 4 and 5 of the tag. */
export const payload = {
  none: 0x00,
  json: 0x10,
  coded: 0x20,
} as const;

export const tagBits = { kind: 0x0f, payload: 0x30, headers: 0x40, abandoned: 0x80 } as const;

/** How data that is not in a batch is written. */
export const codecId = { json: 1, bytes: 2, jsonAndBytes: 3, tagged: 4, structured: 5 } as const;

export const callType = { call: 0, stream: 1, upload: 2, duplex: 3 } as const;
export type CallType = (typeof callType)[keyof typeof callType];

/** Whether its answer is items, as many as there are. */
export function givesItems(type: number): boolean {
  return type === callType.stream || type === callType.duplex;
}

/** What each type is called in a contract. */
export const kindOfType: readonly ["call", "stream", "upload", "duplex"] = [
  "call",
  "stream",
  "upload",
  "duplex",
];

/** Whether the handler did anything, as an error says it. */
export const ranCode = { no: 0, maybe: 1, yes: 2 } as const;

/**
 * What each event, call and item costs beside its bytes, of windows, of credit, and of what waits
 * without a frame: tiny ones are not free.
 */
export const entryCost = 64;

/**
 * What a frame of ours that waits takes beside its bytes, roughly: the objects that know what is in
 * it. No part of the wire.
 */
export const frameCost = 512;

/** The same of an event or a call that has no frame yet, and data of its own. No part of the wire. */
export const messageCost = 1280;

/**
 * What a call or a post that waits takes beside that, roughly: the promise, its time limit, and what
 * its caller goes on with. No part of the wire.
 */
export const promiseCost = 1536;

/** So many frames are acknowledged at once, so that what is kept of them is freed, if not sooner: no peer is slow before. */
export const acknowledgedFrames = 32;

/** A large item of a stream is put together in the slot of this number plus the id of its call. */
export const firstItemSlot = 4;
