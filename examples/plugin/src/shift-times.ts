/** Transform: moves cues in time. */

import { defineTransform } from "sluice";
import * as z from "zod";
import { timesOf } from "./times.js";

/**
 * Moves each cue by `byMs`, forwards or, where it is negative, backwards. What would begin before zero is dropped.
 *
 * Keeps order. An input without times settles as failed (ERR_SUBTITLE_TIME).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(subtitles({ path: "./film.srt" })).pipe(shiftTimes({ byMs: -1500 }), writeSubtitles({ path: "./moved.srt" }));
 */
export const shiftTimes = defineTransform({
  name: "shiftTimes",
  options: z.strictObject({
    /** Milliseconds to add. */
    byMs: z.number().int(),
  }),
  apply(input, { byMs }) {
    const { startMs, endMs } = timesOf(input);
    if (startMs + byMs < 0) return null;
    return { ...input, metadata: { ...input.metadata, startMs: startMs + byMs, endMs: endMs + byMs } };
  },
});
