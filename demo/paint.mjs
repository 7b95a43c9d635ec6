// Colours, for terminals only.

/** Functions that colour a text for `stream`, or leave it alone (a file, a pipe, NO_COLOR). */
export function paintFor(stream, env = process.env) {
  const colourful = stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  const paint = (code) => (text) => (colourful ? `\u001B[${code}m${text}\u001B[0m` : text);
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) };
}
