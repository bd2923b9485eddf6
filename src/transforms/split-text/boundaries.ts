/** Boundaries in a text: where paragraphs, sentences, words and characters begin. */

import { pointsBetween } from "./code-points.js";

/** Units of a text, the largest first. */
export const units = ["paragraph", "sentence", "word"] as const;
export type Unit = (typeof units)[number];

const sentences = new Intl.Segmenter("en", { granularity: "sentence" });
const words = new Intl.Segmenter("en", { granularity: "word" });
const characters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** An empty line, with the white space behind it. */
const emptyLine = /\n[^\S\n]*\n\s*/g;

/**
 * Returns the last boundary behind `after` and up to `at`, by the largest unit that has one; undefined if a single character reaches from `after` beyond `at`.
 *
 * A unit that is itself longer than `maxChars` is cut anyway. So if such a unit begins at the boundary, a smaller unit decides, and the chunk is filled.
 *
 * @param window the text from the beginning of the chunk, with at least `maxChars` + 1 code points behind `at`, or up to its end.
 */
export function boundaryIn(
  window: string,
  { after, at, by, maxChars }: { after: number; at: number; by: Unit; maxChars: number },
): number | undefined {
  const fits = (from: number, to: number) => pointsBetween(window, from, to) <= maxChars;
  const find: Record<Unit, () => number | undefined> = {
    paragraph: () => paragraphAt(window, at, fits),
    sentence: () => sentenceAt(window, at, fits),
    word: () => wordAt(window, after, at),
  };
  const graphemes = characters.segment(window);
  for (const unit of units.slice(units.indexOf(by))) {
    const found = find[unit]();
    if (found === undefined || found <= after) continue;
    // White space with an accent on it is one character.
    const index = graphemes.containing(found)?.index ?? found;
    if (index > after) return index;
  }
  const index = graphemes.containing(at)?.index ?? at;
  return index > after ? index : undefined;
}

function paragraphAt(window: string, at: number, fits: (from: number, to: number) => boolean): number | undefined {
  let last: number | undefined;
  let next = window.length;
  for (const match of window.matchAll(emptyLine)) {
    const end = match.index + match[0].length;
    if (end > at) {
      next = end;
      break;
    }
    last = end;
  }
  return last !== undefined && fits(last, next) ? last : undefined;
}

function sentenceAt(window: string, at: number, fits: (from: number, to: number) => boolean): number | undefined {
  const sentence = sentences.segment(window).containing(at);
  return sentence && fits(sentence.index, sentence.index + sentence.segment.length) ? sentence.index : undefined;
}

/** Returns where the last word begins; if none does, where the white space or the sign begins that lies at `at`. */
function wordAt(window: string, after: number, at: number): number | undefined {
  const segments = words.segment(window);
  const here = segments.containing(at);
  for (let found = here; found && found.index > after; found = segments.containing(found.index - 1)) {
    if (found.isWordLike) return found.index;
  }
  return here?.index;
}

/** Returns the first begin of a word at `from` or behind it; in a text without words, that of a character. Undefined if none lies before the end. */
export function wordFrom(text: string, from: number): number | undefined {
  const first = <T extends Intl.SegmentData>(segments: Intl.Segments, isOne: (segment: T) => boolean) => {
    let found = segments.containing(from) as T | undefined;
    while (found && (found.index < from || !isOne(found))) {
      found = segments.containing(found.index + found.segment.length) as T | undefined;
    }
    return found?.index;
  };
  return (
    first(words.segment(text), ({ isWordLike }) => isWordLike === true) ?? first(characters.segment(text), () => true)
  );
}
