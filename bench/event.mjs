// The event that travels: an id and a word, as in the examples of node-ipc's README, some 60 bytes on
// the wire. No two that follow each other are the same.

export const eventName = "app.message";

const messages = Array.from({ length: 8 }, (_, index) => `hello ${index}`);

export function makeEvent(sequence) {
  return { id: sequence, message: messages[sequence & 7] };
}

/** Whether it is the event of this number, unchanged. Cheap enough for every message of every run. */
export function isEvent(data, sequence) {
  return data?.id === sequence && data.message === messages[sequence & 7];
}

/** What a receiver that expected another message complains of. */
export function wrongEvent(data, sequence) {
  return `expected message ${sequence}, got ${JSON.stringify(data)?.slice(0, 200)}`;
}
