/** Cuts a text into chunks. */

import { boundaryIn, type Unit, wordFrom } from "./boundaries.js";
import { indexAfter, indexBefore, pointsBetween } from "./code-points.js";

/** A part of a text. `start` and `end` count code points of the whole text. */
export interface Chunk {
  text: string;
  start: number;
  end: number;
}

export interface ChunkOptions {
  /** Most code points of a chunk. */
  maxChars: number;
  /** Most code points that a chunk repeats from the one before it. */
  overlap: number;
  /** The largest unit that is kept whole. */
  by: Unit;
}

/**
 * Yields the chunks of a text, in order. Together they cover the text; without `overlap`, each begins where the one before it ends. Takes time in proportion to the
 * text. Ends with undefined in place of a chunk if a single character has more than `maxChars` code points.
 */
export function* chunksOf(text: string, { maxChars, overlap, by }: ChunkOptions): Generator<Chunk | undefined> {
  let [from, start] = [0, 0];
  let [end, endPoint] = [0, 0];
  while (end < text.length) {
    let cut = cutOf(text, { from, after: end, maxChars, by });
    if (cut === undefined && from < end) {
      [from, start] = [end, endPoint]; // what is repeated leaves no space for the next character
      cut = cutOf(text, { from, after: end, maxChars, by });
    }
    if (cut === undefined) {
      yield undefined;
      return;
    }
    endPoint += pointsBetween(text, end, cut);
    end = cut;
    yield { text: text.slice(from, end), start, end: endPoint };
    from = overlap > 0 ? repeatedFrom(text, from, end, overlap) : end;
    start = endPoint - pointsBetween(text, from, end);
  }
}

/** Returns where the chunk that begins at `from` ends: behind `after`, where the last one ended. */
function cutOf(
  text: string,
  { from, after, maxChars, by }: { from: number; after: number; maxChars: number; by: Unit },
): number | undefined {
  const limit = indexAfter(text, from, maxChars);
  if (limit === text.length) return limit;
  const window = text.slice(from, indexAfter(text, limit, maxChars + 1));
  const found = boundaryIn(window, { after: after - from, at: limit - from, by, maxChars });
  return found === undefined ? undefined : from + found;
}

/** Returns where the next chunk begins, so that it repeats the end of this one from the beginning of a word on. */
function repeatedFrom(text: string, from: number, end: number, overlap: number): number {
  const least = indexAfter(text, from, 1); // a chunk never repeats a whole one
  const at = indexBefore(text, end, overlap, least);
  const found = wordFrom(text.slice(from, end), at - from);
  return found === undefined ? end : from + found;
}
