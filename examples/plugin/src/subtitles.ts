/** A source that reads the cues of a subtitle file. */

import { open } from "node:fs/promises";
import { defineSource, idFromPath, itemFrom, type Source, SourceError } from "sluice";
import * as z from "zod";
import { parseTimes } from "./times.js";

/** Options of `subtitles`. */
export interface SubtitlesOptions {
  /** File to read: UTF-8, in the SRT format. */
  path: string;
}

/**
 * Reads an SRT file: one text for each cue, with `startMs` and `endMs` in its metadata. Its id is made from path and position, so it is the
 * same in every run.
 *
 * Keeps order. A cue whose times cannot be read fails alone (ERR_SUBTITLE_TIME). The file is read cue by cue, and closed at the end and on an early
 * stop.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_SUBTITLES_UNREADABLE
 * @example await flow(subtitles({ path: "./film.srt" })).pipe(batch(), upload(app)).run();
 */
export const subtitles: (options: SubtitlesOptions) => Source = defineSource({
  name: "subtitles",
  options: z.strictObject({ path: z.string().min(1) }),
  async *read({ path }, { signal }) {
    let place = 0;
    for await (const { line, lines } of cuesOf(path)) {
      if (signal.aborted) return;
      place += 1;
      const id = idFromPath(`${path}/${place}`);
      yield itemFrom(`${path}:${line}`, () => inputOf(id, lines));
    }
  },
});

/** Yields the lines of each cue. An empty line ends a cue. */
async function* cuesOf(path: string): AsyncGenerator<{ line: number; lines: string[] }> {
  const file = await open(path).catch((cause: Error) => {
    throw new SourceError("ERR_SUBTITLES_UNREADABLE", `subtitles: ${path}: ${cause.message}`, { cause });
  });
  try {
    let lines: string[] = [];
    let number = 0;
    for await (const text of file.readLines()) {
      number += 1;
      if (text.trim() !== "") lines.push(text.replace(/^\ufeff/, ""));
      else if (lines.length > 0) {
        yield { line: number - lines.length, lines };
        lines = [];
      }
    }
    if (lines.length > 0) yield { line: number - lines.length + 1, lines };
  } finally {
    await file.close();
  }
}

function inputOf(id: string, lines: readonly string[]) {
  const [, times = "", ...text] = /^\d+$/.test(lines[0] ?? "") ? lines : ["", ...lines];
  return { id, text: text.join("\n"), metadata: { ...parseTimes(times) } };
}
