/** A sink that writes texts with times to a subtitle file. */

import { type FileHandle, open } from "node:fs/promises";
import { defineSink, type Message, SinkError, type Stage } from "sluice";
import * as z from "zod";
import { timesOf, timesText } from "./times.js";

/** Options of `writeSubtitles`. */
export interface WriteSubtitlesOptions {
  /** File to write. */
  path: string;
}

/**
 * Writes each text as a cue of an SRT file, which must not exist yet. Numbers the cues in the order of arrival.
 *
 * Keeps order. An input without times fails alone (ERR_SUBTITLE_TIME), and the other inputs of its batch are written. The file is closed at the end, on an
 * error and on an early stop; written cues stay.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_SUBTITLES_UNWRITABLE
 * @example await flow(subtitles({ path: "./film.srt" })).pipe(writeSubtitles({ path: "./copy.srt" })).run();
 */
export const writeSubtitles: (options: WriteSubtitlesOptions) => Stage<Message | readonly Message[], Message> =
  defineSink({
    name: "writeSubtitles",
    options: z.strictObject({ path: z.string().min(1) }),
    async open({ options }): Promise<{ file: FileHandle; count: number }> {
      return { file: await open(options.path, "wx").catch(asSinkError), count: 0 };
    },
    async write(batch, { state }) {
      const cues = batch.inputs.flatMap((input, index) => {
        try {
          const times = timesText(timesOf(input));
          state.count += 1;
          return [`${state.count}\n${times}\n${input.text ?? ""}\n\n`];
        } catch (error) {
          batch.fail(index, error as Error);
          return [];
        }
      });
      await state.file.appendFile(cues.join("")).catch(asSinkError);
    },
    close: ({ state }) => state.file.close(),
  });

function asSinkError(cause: Error): never {
  throw new SinkError("ERR_SUBTITLES_UNWRITABLE", `writeSubtitles: ${cause.message}`, { cause });
}
