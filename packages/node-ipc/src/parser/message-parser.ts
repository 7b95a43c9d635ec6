/**
 * The parser of `node-ipc/parsers/message`: what js-message did. A frame that is not JSON becomes an
 * `error` event with the reason, and the connection stays.
 */
import { type Message, Parser } from "./parser.ts";

export class MessageParser extends Parser {
  override decode(frame: string): Message {
    try {
      const { type, data } = JSON.parse(frame) as Message;
      return { type, data };
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      return {
        type: "error",
        data: {
          message: "Invalid JSON response format",
          err: serializable(reason),
          response: frame,
        },
      };
    }
  }
}

/** An error that also survives being sent on as JSON. */
function serializable(error: Error): Error {
  const { name, message } = error;
  return Object.defineProperty(error, "toJSON", { value: () => ({ name, message }) });
}
