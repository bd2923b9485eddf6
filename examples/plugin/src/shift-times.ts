/** A transform that moves cues in time. */

import type { OperatorFunction } from "rxjs";
import { defineTransform, type Message } from "sluice";
import * as z from "zod";
import { timesOf } from "./times.js";

/** Options of `shiftTimes`. */
export interface ShiftTimesOptions {
  /** Milliseconds to add. */
  byMs: number;
}

/**
 * Moves each cue by `byMs`, forwards or backwards if `byMs` is negative. Drops cues that would begin before zero.
 *
 * Keeps order. An input without times settles as failed (ERR_SUBTITLE_TIME).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(subtitles({ path: "./film.srt" })).pipe(shiftTimes({ byMs: -1500 }), writeSubtitles({ path: "./moved.srt" }));
 */
export const shiftTimes: (options: ShiftTimesOptions) => OperatorFunction<Message, Message> = defineTransform({
  name: "shiftTimes",
  options: z.strictObject({ byMs: z.number().int() }),
  apply(input, { byMs }) {
    const { startMs, endMs } = timesOf(input);
    if (startMs + byMs < 0) return null;
    return { ...input, metadata: { ...input.metadata, startMs: startMs + byMs, endMs: endMs + byMs } };
  },
});
