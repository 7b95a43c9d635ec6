/**
 * Errors as JSON that fits into what the peer reads: a longer one would end the session, and no error is
 * worth that.
 */
import type { RemoteError } from "../../errors.ts";

/** So long are the texts of a name and a code that are not whole: as JSON six times as much at most. */
const shortText = 64;

/**
 * Leaves out what matters least until the rest has at most so many bytes: the data of causes, the
 * causes, the data, the stack, and then the end of the texts.
 * @param maxBytes 900 or more
 */
export function fittedError(record: RemoteError, maxBytes: number): string {
  const { cause, code, data, message, name, stack } = record;
  const text = { name, message, ...(code === undefined ? {} : { code }) };
  const withStack = stack === undefined ? text : { ...text, stack };
  const withData = data === undefined ? withStack : { ...withStack, data };
  const attempts = [
    () => record,
    () => (cause === undefined ? withData : { ...withData, cause: withoutData(cause) }),
    () => withData,
    () => withStack,
    () => text,
  ];
  for (const attempt of attempts) {
    const json = JSON.stringify(attempt());
    if (Buffer.byteLength(json) <= maxBytes) return json;
  }
  const short = { ...text, name: clipped(name, shortText) };
  if (code !== undefined) short.code = clipped(code, shortText);
  return clippedMessage(text, maxBytes) ?? (clippedMessage(short, maxBytes) as string);
}

/**
 * The record with as much of its message as fits.
 * @returns undefined when not even the rest of it does
 */
export function clippedMessage(
  record: { readonly message: string },
  maxBytes: number,
): string | undefined {
  const jsonOf = (length: number): string =>
    JSON.stringify({ ...record, message: clipped(record.message, length) });
  const fits = (length: number): boolean => Buffer.byteLength(jsonOf(length)) <= maxBytes;
  if (!fits(0)) return undefined;
  let [most, tooMany] = [0, record.message.length + 1];
  while (tooMany - most > 1) {
    const middle = (most + tooMany) >> 1;
    if (fits(middle)) most = middle;
    else tooMany = middle;
  }
  return jsonOf(most);
}

/** The beginning of a text, without half a character at its end. */
function clipped(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  const isHalf = length < text.length && last >= 0xd800 && last < 0xdc00;
  return text.slice(0, isHalf ? length - 1 : length);
}

/** JSON leaves out what is undefined. */
function withoutData(record: RemoteError): RemoteError {
  const { cause } = record;
  const rest = { ...record, data: undefined };
  return cause === undefined ? rest : { ...rest, cause: withoutData(cause) };
}
