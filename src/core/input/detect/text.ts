/** Detects text: checks for UTF-8, and guesses other encodings. */

/** Escape sequences that switch the alphabet in ISO-2022-JP and ISO-2022-KR, whose bytes are ASCII. */
const iso2022 = /\x1b\$(?:[@B]|\([A-D]|\)C)/;

/** Whether bytes are UTF-8 without zeros. The last character may be incomplete. */
export function looksLikeText(start: Buffer, sizeBytes: number): boolean {
  if (start.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(start, { stream: sizeBytes > start.length });
    return true;
  } catch {
    return false;
  }
}

/** Detects UTF-16 and UTF-32 by their byte order mark. Sound that begins with these bytes soon has a lone surrogate. */
export function markedEncoding(start: Uint8Array): "utf-16le" | "utf-16be" | "utf-32le" | "utf-32be" | undefined {
  const [first, second, third, fourth] = start;
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff) return "utf-32be";
  if (first === 0xff && second === 0xfe && third === 0 && fourth === 0 && start[7] === 0) return "utf-32le";
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : undefined;
  return encoding !== undefined && isUtf16(start, encoding) ? encoding : undefined;
}

function isUtf16(start: Uint8Array, encoding: "utf-16le" | "utf-16be"): boolean {
  try {
    return !new TextDecoder(encoding, { fatal: true }).decode(start, { stream: true }).includes("\0");
  } catch {
    return false;
  }
}

/** Whether bytes that are not UTF-8 may be a text in another encoding: they have hardly any control characters. */
export function looksLikeOldText(start: Uint8Array): boolean {
  let controls = 0;
  for (const byte of start) {
    if (byte === 0) return false;
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) controls += 1;
  }
  return start.length > 0 && controls * 200 < start.length;
}

/** Guesses the encoding of bytes that are not UTF-8 text; returns undefined if they are not text. */
export function likelyEncoding(bytes: Uint8Array): string | undefined {
  const part = bytes.subarray(0, 64 * 1024);
  const marked = markedEncoding(part);
  if (marked) return marked.toUpperCase();
  const unmarked = unmarkedUtf16(part);
  if (unmarked) return unmarked;
  if (iso2022.test(Buffer.from(part).toString("latin1"))) return "ISO-2022-JP";
  if (!looksLikeOldText(part)) return undefined;
  return eastAsian(part) ?? singleByte(part);
}

/** Whether ASCII characters stand for other characters, by escape sequences. */
export function isShifted(text: string): boolean {
  return text.includes("\x1b") && iso2022.test(text);
}

/** Text of European languages in UTF-16 has a zero in every other byte. */
function unmarkedUtf16(part: Uint8Array): string | undefined {
  const zeros = [0, 0];
  for (const [index, byte] of part.entries()) if (byte === 0) zeros[index & 1] = (zeros[index & 1] as number) + 1;
  const [even = 0, odd = 0] = zeros;
  const encoding = odd > even ? "utf-16le" : "utf-16be";
  if (Math.max(even, odd) * 4 < part.length || !isUtf16(part.subarray(0, part.length & ~1), encoding)) return undefined;
  return encoding.toUpperCase();
}

/** The encodings of East Asia, each with its everyday characters. */
const eastAsianEncodings: readonly [string, string, RegExp][] = [
  ["utf-8", "UTF-8 with invalid characters", /[^\x00-\x7f\ufffd]/g],
  ["euc-jp", "EUC-JP", /[\u3040-\u30ff]/g],
  ["shift_jis", "Shift_JIS", /[\u3040-\u30ff]/g],
  ["euc-kr", "EUC-KR", /[\uac00-\ud7a3]/g],
  ["gb18030", "GBK", /[\u4e00-\u9fff]/g],
  ["big5", "Big5", /[\u4e00-\u9fff]/g],
];

/** Finds the encoding in which the bytes are valid, and most characters outside of ASCII are everyday ones. */
function eastAsian(part: Uint8Array): string | undefined {
  let best: { name: string; share: number } | undefined;
  for (const [encoding, name, everyday] of eastAsianEncodings) {
    const isUtf8 = encoding === "utf-8";
    let text: string;
    try {
      text = new TextDecoder(encoding, { fatal: !isUtf8 }).decode(part, { stream: true });
    } catch {
      continue;
    }
    const others = text.match(/[^\x00-\x7f]/g)?.length ?? 0;
    const share = (text.match(everyday)?.length ?? 0) / Math.max(others, 1);
    const isPaired = isUtf8 || pairedShare(part) > 0.7 || encoding === "shift_jis";
    const least = isUtf8 ? 0.8 : name === "GBK" || name === "Big5" ? 0.7 : 0.3;
    if (share >= 0.3 && (encoding === "euc-jp" || encoding === "shift_jis")) return name; // kana occur in no other text
    if (isPaired && share >= least && share > (best?.share ?? 0)) best = { name, share };
  }
  return best?.name;
}

/** Returns the share of high bytes next to another high byte: high in East Asian text, low in Western text. */
function pairedShare(part: Uint8Array): number {
  let high = 0;
  let paired = 0;
  for (const [index, byte] of part.entries()) {
    if (byte < 0x80) continue;
    high += 1;
    if ((part[index - 1] ?? 0) >= 0x80 || (part[index + 1] ?? 0) >= 0x80) paired += 1;
  }
  return high === 0 ? 0 : paired / high;
}

/** Guesses an encoding of one byte for each character. In Cyrillic text most letters are high bytes; Windows-1251 and KOI8-R have lower case in different rows. */
function singleByte(part: Uint8Array): string {
  let letters = 0;
  let lower = 0;
  let upper = 0;
  for (const byte of part) {
    if ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)) letters += 1;
    else if (byte >= 0xe0) lower += 1;
    else if (byte >= 0xc0) upper += 1;
  }
  if (lower + upper <= letters) return "Windows-1252";
  return lower >= upper ? "Windows-1251" : "KOI8-R";
}
