/** Transform: splits texts into chunks. */

import { hash } from "node:crypto";
import * as z from "zod";
import { InputError } from "../core/errors.js";
import type { Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { units } from "./split-text/boundaries.js";
import { type Chunk, type ChunkOptions, chunksOf } from "./split-text/chunks.js";
import { splitAnnotations } from "./split-text/spans.js";

/** A text of the platform has fewer than 20,000,000 bytes, and a code point has four at most. */
const largestChunk = 4_999_999;
/** A split is in memory as a whole. */
const maxParts = 100_000;
/** Characters of an id before `-part-` and up to six digits: together at most 48. */
const idLength = 36;
const hashLength = 12;

const optionFields = {
  /** Most characters of a chunk. A character is a code point, as in Python: an emoji counts once, or more often if it is made of several. Default: 2000. */
  maxChars: z.number().int().min(1).max(largestChunk).default(2000),
  /** Most characters that a chunk repeats from the end of the chunk before it, from the beginning of a word on. At most half of `maxChars`. Default: 0. */
  overlap: z.number().int().min(0).default(0),
  /**
   * The largest unit that is kept whole where it fits. "paragraph": up to an empty line. "sentence": up to the end of a sentence or line. A longer unit is cut at the
   * next smaller one, a word at a character. Default: "paragraph".
   */
  by: z.enum(units).default("paragraph"),
};
const Options = z.strictObject(optionFields).refine(({ overlap, maxChars }) => overlap <= maxChars / 2, {
  path: ["overlap"],
  error: ({ input }) => {
    const { overlap, maxChars } = input as ChunkOptions;
    return `expected at most half of maxChars (${maxChars}), got ${overlap}`;
  },
});
/** Options of `splitText`. */
export type SplitTextOptions = OptionsOf<typeof optionFields>;

/**
 * Splits each text into chunks of at most `maxChars` characters, at the ends of paragraphs, sentences and words (`Intl.Segmenter`). A letter with its accents and an
 * emoji are never split. Every character is in a chunk, also white space: without `overlap`, the chunks put together are the text.
 *
 * A chunk has the id `<id>-part-0001`, and `metadata.chunk`: `of` (the id of the text), `part`, `parts`, and `start` and `end` in code points, so that
 * `[...text].slice(start, end).join("")` is the chunk. Other fields are copied. Spans move with their characters; the report notes those that cross the end of a chunk.
 * A short text is one chunk. Inputs without a text, and images with one, pass unchanged.
 *
 * The input is finished when all of its chunks are. Fails a text by URL (ERR_CONTENT_REMOTE), and a text that cannot be split (ERR_TEXT_SPLIT).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./texts")).pipe(splitText({ maxChars: 1000, overlap: 100 }), upload(app));
 */
export const splitText = defineTransform({
  name: "splitText",
  parse: (options: SplitTextOptions = {}) => parseOptions("splitText", Options, options),
  apply(input, options, { note }) {
    const { text, textUrl } = input;
    if (textUrl !== undefined) {
      throw new InputError(
        "ERR_CONTENT_REMOTE",
        `splitText: the text is at a URL; fetch it with urls(…, { fetch: true }) first`,
      );
    }
    if (text === undefined || text === "" || input.image) return input;
    const chunks = allChunks(text, options);
    if (Object.hasOwn(input.metadata, "chunk")) {
      throw invalid(`metadata.chunk is set already; remove or rename it before the split`);
    }
    const { byChunk, notes } = splitAnnotations(input.annotations, chunks);
    for (const text of notes) note(text);
    return chunks.map((chunk, index) =>
      partOf(input, chunk, { part: index + 1, parts: chunks.length, annotations: byChunk[index] ?? [] }),
    );
  },
});

function allChunks(text: string, options: ChunkOptions): Chunk[] {
  const chunks: Chunk[] = [];
  for (const chunk of chunksOf(text, options)) {
    if (!chunk) {
      const at = chunks.at(-1)?.end ?? 0;
      throw invalid(`the character at ${at} has more than ${options.maxChars} code points; raise maxChars`);
    }
    if (chunks.length === maxParts)
      throw invalid(`the text has more than ${maxParts} chunks; raise maxChars (${options.maxChars})`);
    chunks.push(chunk);
  }
  return chunks;
}

function partOf(
  input: Input,
  { text, start, end }: Chunk,
  { part, parts, annotations }: { part: number; parts: number; annotations: Input["annotations"] },
): Input {
  const { id } = input;
  const short =
    id.length <= idLength
      ? id
      : `${id.slice(0, idLength - hashLength - 1)}-${hash("sha256", id, "hex").slice(0, hashLength)}`;
  const chunk = { of: id, part, parts, start, end };
  return {
    ...input,
    id: `${short}-part-${String(part).padStart(4, "0")}`,
    text,
    annotations,
    metadata: { ...input.metadata, chunk },
  };
}

function invalid(fact: string): InputError {
  return new InputError("ERR_TEXT_SPLIT", `splitText: ${fact}`);
}
