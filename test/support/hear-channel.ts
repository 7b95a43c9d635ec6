// Listens to channels of diagnostics until the test is over.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach } from "vitest";

const subscriptions: (() => void)[] = [];
afterEach(() => {
  for (const end of subscriptions.splice(0)) end();
});

/** Everything that is published from now on. */
export function hearChannel<Payload>(channel: string): Payload[] {
  const heard: Payload[] = [];
  const listener = (payload: unknown): unknown => heard.push(payload as Payload);
  subscribe(channel, listener);
  subscriptions.push(() => unsubscribe(channel, listener));
  return heard;
}
