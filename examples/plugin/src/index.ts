/** Subtitles for Sluice. */

export { shiftTimes } from "./shift-times.js";
export { subtitles } from "./subtitles.js";
export { writeSubtitles } from "./write-subtitles.js";
