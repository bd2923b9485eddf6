/** Removes classes of characters from text, by whole graphemes. */

/** A class of characters. */
export type CharacterClass =
  | "non-ascii"
  | "emoji"
  | "control"
  | { categories?: string[] | undefined; scripts?: string[] | undefined };

/** The tables of general categories and scripts. */
export interface UnicodeTables {
  getCategory(codePoint: number): string;
  getScript(codePoint: number): string;
}

export interface StripperOptions {
  normalize: "NFC" | "NFD" | "NFKC" | "NFKD" | false;
  replacement: string;
  /** The tables, if a class has categories or scripts. */
  unicode?: UnicodeTables | undefined;
}

/** Loads the tables on first use. */
export async function loadUnicode(): Promise<UnicodeTables> {
  return (await import("unicode-properties")).default;
}

const notAscii = /[^\x00-\x7F]/;
/** Text outside of ASCII, with the ASCII character before it, to which a mark may belong. */
const runs = /[\x20-\x7E]?[^\x00-\x7F]+/g;
/** The same, but with the ASCII character only if a mark follows it. */
const nonAsciiRuns = /[\x20-\x7E](?=[\p{M}\u200D\uFE0F\u20E3])[^\x00-\x7F]+|[^\x00-\x7F]+/gu;
const asciiControls = /[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]/g;
/** Control characters outside of ASCII, except those inside an emoji: a joiner between two pictures, and the tags of a flag. */
const controls =
  /(?!\u200D(?<=\p{Extended_Pictographic}[\uFE0F\p{Emoji_Modifier}]{0,3}\u200D)(?=\p{Extended_Pictographic}))(?![\u{E0020}-\u{E007F}](?<=\u{1F3F4}[\u{E0020}-\u{E007F}]{1,8}))(?![\t\n\r])[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu;
const emoji =
  /\p{Emoji_Presentation}|\p{Regional_Indicator}|\p{Emoji_Modifier}|^\uFE0F|\p{Emoji}\uFE0F|\u20E3|[\u{2600}-\u{27BF}]|(?![\u{A9}\u{AE}\u{2122}])(?=[\u{1F000}-\u{1FAFF}])\p{Extended_Pictographic}/u;

const windowLength = 512;
const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

/** Makes a function that removes the classes from a text. */
export function stripper(
  classes: readonly CharacterClass[],
  { normalize, replacement, unicode }: StripperOptions,
): (text: string) => string {
  const steps = classes.map((entry) => stepOf(entry, replacement, unicode));
  return (text) => {
    const start = normalize !== false && notAscii.test(text) ? text.normalize(normalize) : text;
    const stripped = steps.reduce((current, step) => step(current), start);
    // A removed character may have separated a letter from its accent.
    return normalize === false || stripped === start ? stripped : stripped.normalize(normalize);
  };
}

function stepOf(
  entry: CharacterClass,
  replacement: string,
  unicode: UnicodeTables | undefined,
): (text: string) => string {
  if (entry === "non-ascii")
    return (text) => (notAscii.test(text) ? text.replace(nonAsciiRuns, () => replacement) : text);
  if (entry === "emoji") {
    const replace = byGrapheme((grapheme) => (emoji.test(grapheme) ? replacement : grapheme));
    return (text) => (notAscii.test(text) ? text.replace(runs, replace) : text);
  }
  if (entry === "control") {
    return (text) => {
      const ascii = text.replace(asciiControls, () => replacement);
      return notAscii.test(ascii) ? ascii.replace(controls, () => replacement) : ascii;
    };
  }
  return byGrapheme((grapheme) => withoutClass(grapheme, tableTest(entry, unicode as UnicodeTables), replacement));
}

function byGrapheme(change: (grapheme: string) => string): (text: string) => string {
  return (text) => {
    let result = "";
    for (const grapheme of graphemesOf(text)) result += change(grapheme);
    return result;
  };
}

/** Yields the graphemes of a text. Moves a window through the text, since the segmenter takes quadratic time for a long run of flags. */
function* graphemesOf(text: string): Generator<string> {
  let size = windowLength;
  for (let at = 0; at < text.length; ) {
    const end = at + size;
    const cut = /[\uD800-\uDBFF]/.test(text[end - 1] ?? "") ? end + 1 : end;
    const window = text.slice(at, cut);
    let last = "";
    for (const { segment } of segmenter.segment(window)) {
      if (last !== "") yield last;
      last = segment;
    }
    if (cut >= text.length) {
      yield last;
      return;
    }
    // The last grapheme may continue after the window.
    at += window.length - last.length;
    size = last === window ? size * 2 : windowLength;
  }
}

function tableTest(
  { categories = [], scripts = [] }: Exclude<CharacterClass, string>,
  unicode: UnicodeTables,
): (codePoint: number) => boolean {
  const whole = new Set(categories);
  const wanted = new Set(scripts);
  return (codePoint) => {
    const category = unicode.getCategory(codePoint);
    return whole.has(category) || whole.has(category[0] ?? "") || wanted.has(unicode.getScript(codePoint));
  };
}

/** Replaces a grapheme whose first character is in the class. Removes a mark in the class from its grapheme, except from an emoji. */
function withoutClass(grapheme: string, isOfClass: (codePoint: number) => boolean, replacement: string): string {
  const codePoints = [...grapheme];
  const matches = codePoints.map((character) => isOfClass(character.codePointAt(0) as number));
  if (!matches.includes(true)) return grapheme;
  if (matches[0] || emoji.test(grapheme)) return replacement;
  return codePoints.filter((_, index) => !matches[index]).join("");
}
