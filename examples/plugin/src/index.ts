/** Subtitles for Sluice. */

export { type ShiftTimesOptions, shiftTimes } from "./shift-times.js";
export { type SubtitlesOptions, subtitles } from "./subtitles.js";
export { type WriteSubtitlesOptions, writeSubtitles } from "./write-subtitles.js";
