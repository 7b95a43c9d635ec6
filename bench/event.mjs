// The event that travels: what a program would log, some 100 bytes on the wire, each one different.

export const eventName = "log";

const texts = Array.from(
  { length: 8 },
  (_, index) => `GET /api/orders/${4200 + index} answered 200 in ${11 + index} ms`,
);

export function makeEvent(sequence) {
  return { sequence, level: "info", text: texts[sequence & 7] };
}

/** Whether it is the event of this number, unchanged. Cheap enough for every message of every run. */
export function isEvent(data, sequence) {
  return data?.sequence === sequence && data.level === "info" && data.text === texts[sequence & 7];
}

/** What a receiver that expected another message complains of. */
export function wrongEvent(data, sequence) {
  return `expected message ${sequence}, got ${JSON.stringify(data)?.slice(0, 200)}`;
}
