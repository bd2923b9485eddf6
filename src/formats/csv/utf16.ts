/** Converts UTF-16 to UTF-8 chunk by chunk. */

/** A byte that is invalid in UTF-8. It replaces a lone surrogate, or a truncated character. */
const invalid = Buffer.from([0xff]);
const loneSurrogate = /\p{Cs}/u;

/**
 * Yields the text of `start` and `rest` as UTF-8, without its byte order mark. A lone surrogate, and the odd last byte of a truncated file, become an
 * invalid byte: a replacement character would count as text.
 */
export async function* utf8FromUtf16(
  start: Buffer,
  rest: AsyncIterable<Buffer>,
  order: "little" | "big",
): AsyncGenerator<Buffer, undefined> {
  let carry = Buffer.alloc(0);
  let isFirst = true;
  const convert = (chunk: Buffer): Buffer => {
    const bytes = carry.length > 0 ? Buffer.concat([carry, chunk]) : chunk;
    let end = bytes.length - (bytes.length % 2);
    const units = Buffer.from(bytes.subarray(0, end));
    if (order === "big") units.swap16();
    // The first half of a pair waits for its second half.
    if (end > 0 && ((units[end - 1] as number) & 0xfc) === 0xd8) end -= 2;
    carry = Buffer.from(bytes.subarray(end));
    const text = units.toString("utf16le", 0, end);
    const hasMark = isFirst && text.startsWith("\uFEFF");
    if (end > 0) isFirst = false;
    return encoded(hasMark ? text.slice(1) : text);
  };
  yield convert(start);
  for await (const chunk of rest) yield convert(chunk);
  if (carry.length > 0) yield invalid;
}

function encoded(text: string): Buffer {
  if (!loneSurrogate.test(text)) return Buffer.from(text, "utf8");
  const parts = text.split(loneSurrogate).flatMap((part) => [invalid, Buffer.from(part, "utf8")]);
  return Buffer.concat(parts.slice(1));
}
