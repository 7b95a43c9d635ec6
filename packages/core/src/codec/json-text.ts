/** JSON that a peer wrote, where what is wrong with it is told to anybody. */

/**
 * The value of a JSON text.
 * @throws {SyntaxError} when it is none, which quotes nothing of it: V8's own does, and errors are logged.
 */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError("this is no JSON");
  }
}
